"""Finds the owner of a key by a remainder, so that one backend less moves nearly all keys."""

import xxhash

import implementation
from implementation import *

CAUGHT_BY = ("test_requests_with_the_same_key_go_to_the_same_backend_and_only_its_keys_move",)

implementation.ConsistentHash.pick = lambda self, candidates, key: candidates[
    xxhash.xxh3_64_intdigest(key) % len(candidates)
]

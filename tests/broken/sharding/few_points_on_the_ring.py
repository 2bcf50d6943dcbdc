"""Gives each shard a single point on the ring: consistent, and one shard gets several times as much as another."""

import implementation
from implementation import *

CAUGHT_BY = ("test_shares_are_as_even_as_those_of_uhashring",)


class Ring(implementation.Ring):
    def __init__(self, shards, slots=2**16, points=1):
        super().__init__(shards, slots, 1)

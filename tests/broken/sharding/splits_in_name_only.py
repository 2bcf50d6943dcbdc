"""Splits a hot key into parts that all lie on the key's own shard: the shard stays as hot as it was."""

from implementation import *

CAUGHT_BY = ("test_a_hot_key_is_found_and_split",)

really_slot_of = Shards.slot_of
Shards.slot_of = lambda self, key: really_slot_of(self, key.partition("#")[0])

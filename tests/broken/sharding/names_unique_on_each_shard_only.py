"""Reserves a name on the shard of its user, where no one sees the names on the others: each shard can have an Ada."""

from implementation import *

CAUGHT_BY = ("test_a_name_is_unique_across_all_shards_though_its_owner_is_added_by_halves",)


def add(self, user):
    self.shards.write(user.id, lambda execute: self._reserve(execute, user))
    self.shards.write(user.id, lambda execute: self._insert(execute, user))


Users.add = add

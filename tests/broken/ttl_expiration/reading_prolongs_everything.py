"""Prolongs every lifetime at each read, so that what is read often never ends."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_reading_prolongs_a_sliding_lifetime_and_never_an_absolute_one",
    "test_nothing_older_than_its_lifetime_is_ever_served",
)


class Cache(implementation.Cache):
    def get(self, key):
        value = super().get(key)
        self._store.prolong(key, self._lifetimes[key.partition(":")[0]].fresh)
        return value

"""Keeps the last value as long as its source is down, so that nobody notices for days."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_refresh_that_fails_serves_stale_within_the_bound_and_then_the_error",)


class Cache(implementation.Cache):
    last = {}

    def get(self, key):
        try:
            self.last[key] = super().get(key)
        except ConnectionError:
            if key not in self.last:
                raise
        return self.last[key]

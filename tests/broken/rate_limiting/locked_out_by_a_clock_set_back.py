"""Believes a time far ahead, so that a clock that was wrong for a moment locks callers out for as long as it was wrong."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_clock_that_is_set_back_locks_nobody_out",)


class TokenBucket(implementation.TokenBucket):
    def admit(self, key, cost=1):
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now) + cost * self._interval
        if full_at > now + self._limit:
            return False
        self._full_at[key] = full_at
        return True

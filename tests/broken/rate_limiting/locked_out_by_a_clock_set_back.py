"""Believes a time far ahead, so that a clock that was wrong for a moment locks callers out for as long as it was wrong."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_clock_that_is_set_back_locks_nobody_out",)


class TokenBucket(implementation.TokenBucket):
    def _spend(self, key, debt):
        now = self._clock()
        full_at = max(self._full_at.get(key, now), now)
        after = full_at + debt - now
        if after <= self._limit:
            self._full_at[key] = now + after
        return self._limit - after

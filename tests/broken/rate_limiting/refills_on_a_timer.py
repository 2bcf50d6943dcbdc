"""Fills the bucket at once whenever a period ends, so that two bursts pass around the end of one."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_no_window_ever_admits_more_than_capacity_plus_refill",
    "test_a_fixed_window_admits_double_at_its_edge_and_a_bucket_does_not",
)


class TokenBucket(implementation.TokenBucket):
    def _spend(self, key, debt):
        now = self._clock()
        if now // self._horizon != self._full_at.get("period"):
            self._full_at = {"period": now // self._horizon}
        spent = self._full_at.get(key, 0.0) + debt
        if spent > self._limit:
            return self._limit - spent
        self._full_at[key] = spent
        return self._limit - spent

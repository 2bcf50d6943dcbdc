"""Fills the bucket at once whenever a period ends, so that two bursts pass around the end of one."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_no_window_ever_admits_more_than_capacity_plus_refill",
    "test_a_fixed_window_admits_double_at_its_edge_and_a_bucket_does_not",
)


class TokenBucket(implementation.TokenBucket):
    def admit(self, key, cost=1):
        period = self._clock() // self._horizon
        spent = self._full_at.get((key, period), 0) + cost
        if spent > self.capacity:
            return False
        self._full_at[key, period] = spent
        return True

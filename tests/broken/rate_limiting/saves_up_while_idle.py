"""Lets tokens pile up above the capacity, so that an idle caller comes back with a flood."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_tokens_come_back_at_the_rate_and_never_more_than_the_bucket_holds",
    "test_no_window_ever_admits_more_than_capacity_plus_refill",
)


class TokenBucket(implementation.TokenBucket):
    def admit(self, key, cost=1):
        now = self._clock()
        full_at = self._full_at.get(key, now) + cost * self._interval
        if full_at > now + self._limit:
            return False
        self._full_at[key] = full_at
        return True

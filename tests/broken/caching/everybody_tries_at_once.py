"""Lets everybody through as soon as the cache has been away for a second, so that all wait for it from then on."""

from implementation import *

CAUGHT_BY = ("test_of_all_who_ask_a_cache_that_is_away_one_a_second_tries",)

Breaker.allows = lambda self: self.failures < self._limit or self._clock() >= self._retry_at

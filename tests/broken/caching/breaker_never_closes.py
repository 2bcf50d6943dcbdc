"""Never tries again once the cache was away, so that it is lost until the process is started anew."""

from implementation import *

CAUGHT_BY = (
    "test_requests_do_not_notice_that_the_cache_dies_and_returns",
    "test_a_write_that_cannot_reach_the_cache_is_not_hidden_later",
)

Breaker.allows = lambda self: self.failures < self._limit

"""Asks a cache that does not answer again for each request, so that each request waits out the time limit."""

from implementation import *

CAUGHT_BY = ("test_a_cache_that_hangs_costs_only_the_first_requests_their_time",)

Breaker.allows = lambda self: True

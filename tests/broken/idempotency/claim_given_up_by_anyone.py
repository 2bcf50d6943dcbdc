"""Gives up a claim in Redis without looking whose it is by then, so that a slow failure lets a third request pay."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_outlives_its_lease_does_not_undo_what_the_next_was_told",)

implementation.redis_keys.RELEASE = "redis.call('DEL', KEYS[1])"

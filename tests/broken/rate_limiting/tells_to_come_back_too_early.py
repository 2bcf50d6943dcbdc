"""Rounds the wait down, so that who comes back when told is refused once more."""

import math

import implementation
from implementation import *

CAUGHT_BY = (
    "test_a_refused_caller_that_comes_back_when_told_is_admitted",
    "test_the_api_tells_what_is_left_and_when_to_come_back",
)


class TokenBucket(implementation.TokenBucket):
    def take(self, key, cost=1):
        decision = super().take(key, cost)
        return decision._replace(retry_after=math.floor(decision.retry_after * 10) / 10)


def limited(bucket, when_unavailable="closed"):
    take = bucket.take

    def rounded_down(key):
        decision = take(key)
        return decision._replace(retry_after=math.floor(decision.retry_after))

    bucket.take = rounded_down
    return implementation.limited(bucket, when_unavailable)

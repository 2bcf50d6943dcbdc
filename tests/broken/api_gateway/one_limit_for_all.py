"""Lets one caller spend the requests of all."""

from implementation import *
from sysdesign.distributed.api_gateway import gateway

CAUGHT_BY = ("test_each_caller_has_a_limit_of_its_own",)

really = gateway.TokenBucket


class OneBucket(really):
    def admit(self, key, cost=1):
        return super().admit("", cost)


gateway.TokenBucket = OneBucket

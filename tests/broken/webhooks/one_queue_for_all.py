"""Lets one endpoint have all the threads, so that one that is slow makes all others wait."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_slow_endpoint_does_not_delay_the_others",)


class Outbox(implementation.Outbox):
    def __init__(self, store, **options):
        super().__init__(store, **{**options, "per_endpoint": 10**6})

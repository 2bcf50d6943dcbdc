"""Asks both servers at once instead of waiting whether the first is late."""

import implementation
from implementation import *

CAUGHT_BY = ("test_asking_again_elsewhere_trims_the_tail_for_little_load",)


class Hedging(implementation.Hedging):
    def __init__(self, after_seconds, extra_share=0.1):
        super().__init__(0.0, 1.0)

"""Asks again whenever an answer is late, so that servers that are slow already get twice the load."""

import implementation
from implementation import *

CAUGHT_BY = ("test_when_all_servers_are_slow_asking_again_does_not_double_their_load",)


class Hedging(implementation.Hedging):
    def _may_ask_again(self):
        return True

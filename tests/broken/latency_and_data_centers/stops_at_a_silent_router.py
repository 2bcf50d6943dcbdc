"""Ends a trace at the first router that does not tell of what it drops."""

import itertools

import implementation
from implementation import *

CAUGHT_BY = ("test_a_silent_router_hides_itself_and_nothing_behind_it",)


class SystemTools(implementation.SystemTools):
    def trace(self, target, patience=2.0):
        return list(itertools.takewhile(lambda hop: hop.address, super().trace(target, patience)))

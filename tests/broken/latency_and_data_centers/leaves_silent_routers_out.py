"""Leaves silent routers out of a trace, so that what is behind them seems nearer than it is."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_silent_router_hides_itself_and_nothing_behind_it",)


class SystemTools(implementation.SystemTools):
    def trace(self, target, patience=2.0):
        return [hop for hop in super().trace(target, patience) if hop.address]

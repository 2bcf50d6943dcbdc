"""Gives a right to load that never ends, so that it has to be taken away from who died or hangs."""

from implementation import *

CAUGHT_BY = ("test_a_holder_that_is_too_slow_takes_nothing_from_its_successor",)

Store.claim = lambda self, name, lease, milliseconds: self._ask("SET", name, lease, "NX") is not None

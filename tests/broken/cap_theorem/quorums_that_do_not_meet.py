"""Lets R + W be N: two of three elect, and one of three is enough for a write, which the next leader need not know of."""

import implementation
from implementation import *

CAUGHT_BY = ("test_no_random_schedule_makes_the_consistent_store_break_its_promise",)

implementation.ConsistentNode._write_quorum = lambda self: len(self._wires.peers) - 1 - self._election_quorum()

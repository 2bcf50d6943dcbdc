"""Orders writes by the time at the node that takes them: under the next leader, whose clock is behind, new writes lose to old ones."""

import implementation
from implementation import *

CAUGHT_BY = ("test_no_random_schedule_makes_the_consistent_store_break_its_promise",)

implementation.ConsistentNode._next_version = lambda self: (round(self._clock() * 1_000_000), 0)

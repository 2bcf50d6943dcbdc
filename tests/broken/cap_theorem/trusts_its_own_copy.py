"""Begins to lead with what it has itself, and not with what its voters have accepted."""

import implementation
from implementation import *

CAUGHT_BY = ("test_no_random_schedule_makes_the_consistent_store_break_its_promise",)

really_inherit = implementation.ConsistentNode._inherit
implementation.ConsistentNode._inherit = lambda self, votes: really_inherit(self, [])

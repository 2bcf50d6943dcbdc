"""Lets a leader answer reads alone for as long as it believes to lead: it may have been deposed without knowing."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_no_random_schedule_makes_the_consistent_store_break_its_promise",
    "test_a_leader_that_slept_through_its_deposition_answers_nothing_old",
)

implementation.ConsistentNode._holds_lease = lambda self: True

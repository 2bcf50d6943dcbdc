"""Gives each service on the way the whole time again, so that it works on when nobody waits any longer."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_nobody_waits_longer_than_the_deadline_and_nobody_is_blamed_for_it",
    "test_each_hop_has_less_time_than_the_one_before",
)

implementation.Deadline.headers = lambda self: self.remaining_seconds() and {HEADER: "5000"}

"""Waits for each answer before it asks the next question, even where they do not depend on each other."""

from implementation import *

CAUGHT_BY = ("test_dependent_trips_cost_one_each_and_independent_ones_one_together",)

together = one_by_one

"""Tries again whenever it fails, as all layers do, so that one failure becomes a storm at the lowest."""

import implementation
from implementation import *

CAUGHT_BY = ("test_retries_at_each_layer_are_a_storm_at_the_leaf",)

implementation.RetryBudget.allows_retry = lambda self: True

"""Counts failures, however many requests were answered in between, so that every backend is ejected sooner or later."""

import implementation
from implementation import *

CAUGHT_BY = ("test_failures_are_counted_in_a_row",)

implementation.Health.succeeded = lambda self: None

"""Gives a backend that has just come back its whole share at once, caches cold."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_backend_that_comes_back_gets_its_share_little_by_little",)

implementation.Health.share = property(lambda self: 1.0)

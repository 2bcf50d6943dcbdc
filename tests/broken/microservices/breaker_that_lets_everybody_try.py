"""Opens its breaker and lets calls through all the same, so that a dead service is asked each time."""

import implementation
from implementation import *

CAUGHT_BY = ("test_after_the_breaker_has_opened_only_probes_reach_a_dead_service",)

implementation.limits.Breaker.allows = lambda self: True

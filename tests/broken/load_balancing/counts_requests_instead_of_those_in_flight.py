"""Takes the backend that has had the fewest requests, which is round robin by another name."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_slow_backend_gets_fewer_requests_by_least_connections",)

implementation.LeastConnections.pick = lambda self, candidates, key: min(candidates, key=lambda one: one.requests)

"""Never refreshes ahead of the end, so that every lifetime of a busy value ends with a miss."""

import implementation
from implementation import *

CAUGHT_BY = ("test_values_are_refreshed_ahead_of_their_end_so_that_nobody_misses",)


class Cache(implementation.Cache):
    def _is_due(self, left, cost, lifetime):
        return False

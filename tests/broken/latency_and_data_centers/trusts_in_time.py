"""Takes a region for healthy as soon as its time is over, so that each try costs as many requests as the first."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_region_that_is_gone_for_long_costs_one_request_at_a_time",)


class Traffic(implementation.Traffic):
    def _take(self):
        for region, at in list(self._retry_at.items()):
            if self._clock() >= at:
                del self._retry_at[region]
                self._failed[region] = 0
        return super()._take()

"""Never again asks a region that was gone once."""

import implementation
from implementation import *

CAUGHT_BY = ("test_when_a_region_is_cut_off_its_users_are_led_to_the_next",)


class Traffic(implementation.Traffic):
    def __init__(self, regions, failures=2, retry_seconds=30.0, clock=None):
        super().__init__(regions, failures, float("inf"), clock)

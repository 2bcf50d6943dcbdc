"""Goes on asking the nearest region when it is gone."""

import implementation
from implementation import *

CAUGHT_BY = ("test_when_a_region_is_cut_off_its_users_are_led_to_the_next",)


class Traffic(implementation.Traffic):
    def _take(self):
        return self.regions[0]

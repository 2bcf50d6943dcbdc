"""Takes the region whose name comes first, whatever is far away."""

from implementation import *

CAUGHT_BY = ("test_users_are_led_to_the_region_that_answers_first",)


def nearest_first(samples):
    return sorted(samples)

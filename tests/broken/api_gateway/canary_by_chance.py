"""Draws for every request whether it goes to the new version."""

import random

from implementation import *
from sysdesign.distributed.api_gateway import gateway

CAUGHT_BY = ("test_a_user_stays_with_the_version_that_it_was_given",)

gateway.in_the_canary = lambda user, service, percent: random.uniform(0, 100) < percent

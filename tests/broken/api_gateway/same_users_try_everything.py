"""Chooses the same users for every new version of every service."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_canary_that_grows_takes_nobody_back",)


def in_the_canary(user, service, percent):
    return implementation.in_the_canary(user, "", percent)

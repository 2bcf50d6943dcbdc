"""Asks with each hit how long the entry has left, so that a hit costs two round trips."""

from implementation import *

CAUGHT_BY = ("test_a_hit_costs_little_more_than_a_get_and_far_less_than_elsewhere",)


def get(self, name):
    entry = self._ask("GET", name)
    self._ask("PTTL", name)
    return entry


Store.get = get

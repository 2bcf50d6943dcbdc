"""Bounds the queue, but at a length that nobody waits for."""

from implementation import *

CAUGHT_BY = ("test_at_twice_the_capacity_shedding_keeps_the_answers_in_time",)


def longest_queue(slots, seconds, patience):
    return 100

"""Lets all requests wait that come, however many there are."""

from implementation import *
from sysdesign.storage.scaling import slots

CAUGHT_BY = (
    "test_what_comes_beyond_the_queue_is_refused_at_once_and_told_when_to_come_back",
    "test_at_twice_the_capacity_shedding_keeps_the_answers_in_time",
)

really_create = slots.Slots.__init__
slots.Slots.__init__ = lambda self, count, queue, *clock: really_create(self, count, None, *clock)

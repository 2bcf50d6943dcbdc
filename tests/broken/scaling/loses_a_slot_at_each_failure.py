"""Gives a slot back only when its request has succeeded: each failure makes the instance smaller."""

from contextlib import contextmanager

from implementation import *
from sysdesign.storage.scaling import slots

CAUGHT_BY = ("test_a_request_that_fails_gives_its_slot_back",)


@contextmanager
def taken(self):
    self._come().wait()
    yield
    self._go()


slots.Slots.taken = taken

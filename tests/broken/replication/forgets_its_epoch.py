"""Keeps the epoch in memory alone: a node that was fenced obeys the deposed primary again once it has crashed."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_fence_outlives_a_crash",)


def enter(self, epoch):
    self._epoch = epoch
    self._step_down()


implementation.Node._enter = enter

"""Acknowledges a message before the work on it, so that a worker which dies at its work takes the message along."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_worker_that_dies_at_its_work_loses_nothing",)

real = implementation.Worker.work_on


def work_on(self, delivery):
    self._queue.acknowledge(self._group, [delivery])
    real(self, delivery)


implementation.Worker.work_on = work_on

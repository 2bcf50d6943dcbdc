"""Tries again whatever has failed however often, so that a message which always fails is never laid aside."""

import implementation
from implementation import *

CAUGHT_BY = ("test_poison_is_laid_aside_after_its_tries_and_stops_nobody",)


def _failed(self, delivery, error):
    self._queue.retry(self._group, delivery, self._delay(delivery.attempt))


implementation.Worker._failed = _failed

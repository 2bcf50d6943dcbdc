"""Tries again at once what has failed, so that whoever it failed by is asked the more the worse off they are."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_failed_is_tried_again_after_a_growing_delay",)

real = implementation.Worker._failed


def _failed(self, delivery, error):
    self._delay = lambda attempt: 0.0
    real(self, delivery, error)


implementation.Worker._failed = _failed

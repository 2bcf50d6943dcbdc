"""Leaves a backend alone for the same short time after each failure, so that it fails requests for ever."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_backend_that_flaps_does_not_flap_the_pool",)

really_failed = implementation.Health.failed


def failed(self):
    self._last_ejection = self._rules.eject_seconds / 2
    really_failed(self)


implementation.Health.failed = failed

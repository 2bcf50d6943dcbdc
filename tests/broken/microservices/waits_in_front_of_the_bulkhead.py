"""Lets calls wait until there is room, so that they hold all threads of the service while they do."""

from contextlib import contextmanager

import implementation
from implementation import *

CAUGHT_BY = ("test_a_slow_service_takes_one_feature_with_it_and_no_other",)


@contextmanager
def compartment(self):
    with self._free:
        yield


implementation.Bulkhead.compartment = compartment

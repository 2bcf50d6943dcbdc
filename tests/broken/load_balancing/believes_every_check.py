"""Changes its mind with every check, so that a backend that flaps takes the pool with it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_it_takes_several_checks_in_a_row_to_change_a_backends_state",)


def checked(self, passed):
    if passed != self.up:
        self._become(up=passed)


implementation.Health.checked = checked

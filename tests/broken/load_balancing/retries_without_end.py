"""Retries whatever fails, so that an outage is met with several times the load."""

import implementation
from implementation import *

CAUGHT_BY = ("test_retries_are_a_small_part_of_the_load_however_much_fails",)


class RetryBudget(implementation.RetryBudget):
    def withdraw(self):
        return True

"""Takes a backend out and never lets it in again: after a day of small faults, nobody is left."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_a_backend_killed_under_load_costs_no_get_its_answer_and_comes_back",
    "test_a_backend_that_says_it_is_ill_gets_no_requests_until_it_is_well",
)

really_checked = implementation.Health.checked
implementation.Health.checked = lambda self, passed: really_checked(self, passed) if self.up else None

"""Notes what checks and requests tell of a backend, and asks it all the same."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_backend_that_says_it_is_ill_gets_no_requests_until_it_is_well",)

really_refresh = implementation.Pool.refresh


def refresh(self):
    really_refresh(self)
    self._ready = [backend for backend in self.members.values() if not backend.draining]


implementation.Pool.refresh = refresh

"""Drains a backend by ending its connections, with the requests that they carry."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_backend_that_is_drained_finishes_what_it_has_begun",)

really_drain = implementation.Pool.drain
really_administer = implementation.Balancer.administer


def administer(self, verb="show", name="", weight="1"):
    if verb == "drain":
        for client in self.clients:
            if client._backend is self.pool.members[name]:
                client.broken_off()
    return really_administer(self, verb, name, weight)


implementation.Balancer.administer = administer

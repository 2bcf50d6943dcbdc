"""Hangs up on its clients when it takes another configuration."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_new_configuration_drops_no_request",)

really_load = implementation.Gateway.load


def load(self, configuration):
    really_load(self, configuration)
    for client in list(self.front.clients):
        client.broken_off()


implementation.Gateway.load = load

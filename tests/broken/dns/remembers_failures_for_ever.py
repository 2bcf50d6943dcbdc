"""Remembers that nobody has answered, and does not ask again when somebody would."""

import implementation
from implementation import *

CAUGHT_BY = ("test_when_all_servers_are_dead_what_is_known_lasts_until_its_end",)


class Resolver(implementation.Resolver):
    def _fly(self, flight, key, pause):
        super()._fly(flight, key, 86_400)

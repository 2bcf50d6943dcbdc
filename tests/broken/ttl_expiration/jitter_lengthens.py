"""Spreads lifetimes to both sides, so that some values live longer than they are good for."""

from dataclasses import dataclass

import implementation
from implementation import *

CAUGHT_BY = (
    "test_jitter_turns_a_mass_expiry_into_a_trickle",
    "test_nothing_older_than_its_lifetime_is_ever_served",
)


@dataclass(frozen=True)
class Lifetime(implementation.Lifetime):
    def drawn(self, chance):
        return self.fresh * (1 + self.jitter * (2 * chance.random() - 1))

"""Commits the change before it writes the copies, so that a crash between the two leaves copies that nobody will write."""

import implementation
from implementation import *

CAUGHT_BY = ("test_killed_within_a_transaction_nothing_diverges",)


def follow(self, change):
    with self.database.transaction():
        real(self, change)
        self.reach(Step.COPIED)


real = implementation.InTransaction.take
implementation.InTransaction.take = lambda keeper, change: None
implementation.InTransaction.follow = follow

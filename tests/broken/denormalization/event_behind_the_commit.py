"""Writes an event when its change is committed already, so that a crash between the two leaves a change of which nobody hears."""

import implementation
from implementation import *

CAUGHT_BY = ("test_killed_within_a_transaction_nothing_diverges",)


def follow(self, change):
    with self.database.transaction():
        self.outbox.append(change)


implementation.Consumer.take = lambda consumer, change: None
implementation.Consumer.follow = follow

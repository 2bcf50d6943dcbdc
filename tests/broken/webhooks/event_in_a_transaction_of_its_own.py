"""Writes events in a transaction of their own, so that an order which is undone is told of all the same."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_order_and_its_event_are_there_together_or_not_at_all",)


class Outbox(implementation.Outbox):
    def publish(self, execute, kind, data):
        with open_store(self.url).transaction() as own:
            return super().publish(own, kind, data)

    @property
    def url(self):
        return getattr(self.store, "_url", None) or f"sqlite:///{self.store._path}"

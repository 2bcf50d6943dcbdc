"""Acknowledges events before it has handled them, so that one is lost with the process that has just read it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_saga_killed_behind_any_step_ends_done_or_undone",)


def work(self, wait_seconds=0.0):
    received = self._broker.receive(wait_seconds)
    self._broker.acknowledge(received)
    for event in received:
        if event.kind in self.steps:
            self.handle(event)
    return len(received) + self.outbox.relay()


implementation.Service.work = work

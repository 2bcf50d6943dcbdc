"""Notes an event as handled in a transaction of its own, so that a crash behind that loses the effect for good."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_saga_killed_behind_any_step_ends_done_or_undone",)


def handle(self, event):
    with self.store.transaction() as execute:
        first = self.inbox.first(execute, event)
    if first:
        with self.store.transaction() as execute:
            self._tell(execute, self.steps[event.kind](execute, event.data))


implementation.Service.handle = handle

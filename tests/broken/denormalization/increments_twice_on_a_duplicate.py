"""Counts a comment each time its event comes, so that an event that is delivered twice is two comments."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_after_any_sequence_of_operations_both_schemas_agree",
    "test_events_may_come_twice_and_in_any_order",
)


def apply(self, version, change):
    known = self.pages.read(change.post) if change.kind == "comment" else None
    real(self, version, change)
    if known and self.pages.read(change.post) == known:
        self._count(change.post, 1 if change.text is not None else -1)


real = implementation.Consumer._apply
implementation.Consumer._apply = apply

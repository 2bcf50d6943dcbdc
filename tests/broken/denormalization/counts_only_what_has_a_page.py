"""Lets a post begin at no comments, so that comments whose events came before that of their post are never counted."""

import implementation
from implementation import *

CAUGHT_BY = ("test_events_may_come_twice_and_in_any_order",)


def apply(self, version, change):
    real(self, version, change)
    if change.kind == "post" and change.text is not None:
        self.database.rows(f"UPDATE {self.pages.pages} SET comments = 0 WHERE post = ?", change.key)


real = implementation.Consumer._apply
implementation.Consumer._apply = apply

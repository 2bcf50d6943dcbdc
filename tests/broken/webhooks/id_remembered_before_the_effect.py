"""Commits the id before the effect, so that an effect which fails is never had: the retry is taken for a duplicate."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_effect_that_failed_may_be_tried_again",)


def once(self, message_id, act):
    first = real(self, message_id, lambda execute: None)
    if first:
        with self._store.transaction() as execute:
            act(execute)
    return first


real = implementation.Inbox.once
implementation.Inbox.once = once

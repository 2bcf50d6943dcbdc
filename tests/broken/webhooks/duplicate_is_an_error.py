"""Answers a duplicate with an error, so that a sender whose first answer was lost goes on until it gives up."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_event_that_comes_again_is_not_acted_on_again", "test_what_fails_on_the_wire_is_made_good")


def once(self, message_id, act):
    if not real(self, message_id, act):
        raise ValueError("a duplicate")
    return True


real = implementation.Inbox.once
implementation.Inbox.once = once

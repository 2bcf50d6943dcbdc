"""Notes an event as delivered before it is posted, so that a sender which is killed in between has lost it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_killed_sender_loses_no_event_and_doubles_no_effect",)

real = implementation.Sender.attempt


def attempt(self, claimed):
    self._outbox.conclude(claimed, Answer(None), Verdict("delivered"))
    real(self, claimed)


implementation.Sender.attempt = attempt

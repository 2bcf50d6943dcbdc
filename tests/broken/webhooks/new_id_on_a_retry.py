"""Gives each attempt an id of its own, so that a receiver which has acted takes the retry for another event."""

from dataclasses import replace

import implementation
from implementation import *

CAUGHT_BY = (
    "test_a_failed_attempt_is_repeated_after_pauses_that_grow",
    "test_through_a_receiver_that_fails_often_each_event_has_one_effect",
)

real = implementation.Sender.attempt


class Sender(implementation.Sender):
    def attempt(self, claimed):
        real(self, replace(claimed, event=f"{claimed.event}_{claimed.attempt}"))

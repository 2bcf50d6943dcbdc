"""Waits exactly as long as everybody else, so that all who failed together come back together, again and again."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_a_failed_attempt_is_repeated_after_pauses_that_grow",
    "test_through_a_receiver_that_fails_often_each_event_has_one_effect",
)

implementation.Schedule.pause = lambda self, tries: min(
    self.longest_seconds, self.first_seconds * self.factor ** (tries - 1)
)

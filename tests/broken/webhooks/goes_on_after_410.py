"""Takes 410 for a failure like any other, and goes on sending to whoever has asked to be left alone."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_endpoint_that_is_gone_gets_nothing_more_until_it_is_enabled_by_hand",)


def verdict(self, tries, refusals, answer, now):
    return real(self, tries, refusals, Answer(404) if answer.status == 410 else answer, now)


real = implementation.Schedule.verdict
implementation.Schedule.verdict = verdict

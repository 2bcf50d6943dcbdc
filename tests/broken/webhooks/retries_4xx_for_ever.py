"""Repeats for ever what was refused, so that an endpoint which will never take an event is called until the end of days."""

from dataclasses import replace

import implementation
from implementation import *

CAUGHT_BY = ("test_only_2xx_is_success_and_what_is_refused_is_given_up_sooner",)


def verdict(self, tries, refusals, answer, now):
    return real(replace(self, attempts=10**9) if answer.refused else self, tries % 100, -(10**9), answer, now)


real = implementation.Schedule.verdict
implementation.Schedule.verdict = verdict

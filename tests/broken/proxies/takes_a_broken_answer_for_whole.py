"""Ends an answer in good order when the backend was lost in the middle of it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_answer_flows_and_one_that_breaks_off_is_not_taken_for_whole",)

really_iterate = implementation.Body.__iter__


def iterate(self):
    try:
        yield from really_iterate(self)
    except Exception:
        return


implementation.Body.__iter__ = iterate

"""Keeps the answer 500 like any other, so that a payment which failed once can never be made under its key."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_failed_may_be_tried_again",)


def once(self, claim, act):
    try:
        return real(self, claim, act)
    except Exception as failure:
        if getattr(failure, "status", 503) in (409, 422):
            raise
        return real(self, claim, lambda execute: Answer(500, {"status": 500}))


real = implementation.TransactionalKeys.once
implementation.TransactionalKeys.once = once

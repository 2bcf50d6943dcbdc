"""Hands on what the database said when it did not answer: a stranger learns what it is, where, and what was asked of it."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_database_that_does_not_answer_is_told_as_such",)


async def unavailable(request, error):
    return implementation.app.Problem(500, str(error.__cause__)).response()


implementation.app.REFUSALS[implementation.app.Unavailable] = unavailable

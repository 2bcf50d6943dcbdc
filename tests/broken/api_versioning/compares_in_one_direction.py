"""Compares answers in the direction of requests, so that a field that is taken away seems to harm nobody."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_additive_change_keeps_the_contract_and_a_breaking_one_is_found",)


def breaking_changes(old, new):
    return [f"request: {misfit}" for misfit in misfits(old.request, new.request)] + [
        f"answer: {misfit}" for misfit in misfits(old.answer, new.answer)
    ]


implementation.breaking_changes = breaking_changes

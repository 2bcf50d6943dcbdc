"""Tells that credit was given back and keeps it, so that an order which was refused goes on costing."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_what_cannot_be_paid_is_undone_everywhere",
    "test_each_committed_event_is_published_once_and_no_other",
)


def release(execute, refused):
    return [("credit.released", {"order": refused["order"], "why": refused["why"]})]


implementation.users.STEPS["payment.refused"] = release

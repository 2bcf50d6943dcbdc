"""Sends whatever fails again, so that a payment whose answer was lost is made twice."""

import implementation
from implementation import *
from sysdesign.storage.load_balancing import layer7

CAUGHT_BY = ("test_requests_are_tried_again_only_if_that_does_no_harm",)

layer7.IDEMPOTENT |= {b"POST"}

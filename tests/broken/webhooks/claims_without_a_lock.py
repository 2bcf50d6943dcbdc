"""Looks for what is due without locking it, so that two senders that look at the same moment post the same."""

import implementation
from implementation import *

CAUGHT_BY = ("test_senders_that_claim_at_the_same_moment_do_not_claim_the_same",)

implementation.PostgreSQL.skip_locked = ""

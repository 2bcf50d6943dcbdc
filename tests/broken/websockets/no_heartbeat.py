"""Believes every connection to be alive until it ends."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_client_that_vanishes_is_missed_soon",)

implementation.Connection.check = lambda self: None

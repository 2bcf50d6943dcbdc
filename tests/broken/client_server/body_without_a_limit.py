"""Looks at no body's length before it has all of it in memory."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_is_wrong_is_refused_with_a_reason",)

implementation.app.MAX_BODY_BYTES = 2**40

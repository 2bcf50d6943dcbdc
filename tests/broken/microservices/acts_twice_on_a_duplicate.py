"""Knows no event that it has handled, so that one which comes twice is acted on twice."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_event_that_comes_twice_has_one_effect",)

implementation.Inbox.first = lambda self, execute, event: True

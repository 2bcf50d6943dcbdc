"""Serves stale pages for as long as the origin is dead, whatever the pages say."""

import implementation
from implementation import *

CAUGHT_BY = ("test_while_the_origin_is_dead_pages_are_stale_within_their_window_and_then_missing",)

implementation.Edge._may_be_stale = lambda self, stored: True

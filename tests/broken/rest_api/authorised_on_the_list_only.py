"""Lists only one's own bookmarks, and hands out, changes and removes any whose address somebody has."""

import implementation
from implementation import *

CAUGHT_BY = ("test_each_operation_is_open_to_exactly_those_who_may",)

implementation.bookmarks.owned_by = lambda name: implementation.bookmarks.true()

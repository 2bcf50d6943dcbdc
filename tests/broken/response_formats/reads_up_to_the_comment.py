"""Leaves comments in the tree and reads a text up to the first, so that who signs or shows the whole text means another one."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_has_no_twin_in_json_means_nothing_or_is_refused",)

implementation.markup.HARDENED["remove_comments"] = False

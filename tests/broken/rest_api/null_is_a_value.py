"""Writes what a patch holds over what was there, a layer deep, so that null takes nothing away and other labels are lost."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_patch_changes_what_it_names_and_null_takes_away",)

implementation.bookmarks.merged = lambda document, patch: {**document, **patch}

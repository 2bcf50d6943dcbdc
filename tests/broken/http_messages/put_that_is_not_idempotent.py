"""Adds to what is there instead of replacing it: whoever sends it again, not knowing whether it arrived, has it twice."""

import implementation
from implementation import *

CAUGHT_BY = ("test_reading_changes_nothing_and_repeating_changes_nothing_more",)

put = Notes.put
Notes.put = lambda self, number, text: put(self, number, (self.get(number) or "") + text)

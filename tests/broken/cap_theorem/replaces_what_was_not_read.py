"""Lets every write replace all siblings that its node knows, also those that the writer has never read."""

import implementation
from implementation import *

CAUGHT_BY = ("test_siblings_keep_both_values_until_somebody_has_read_them",)

really_change = implementation.Siblings.change
implementation.Siblings.change = lambda self, node, now, value, context: really_change(
    self, node, now, value, self.known
)

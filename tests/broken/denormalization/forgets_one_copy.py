"""Writes an author's new name to the heads of pages and forgets the comments, so that half of the page lies."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_after_any_sequence_of_operations_both_schemas_agree",
    "test_copies_are_kept_in_step",
    "test_views_get_cheap_and_changes_dear",
)


def rename(self, author, name):
    self.database.rows(f"UPDATE {self.pages.pages} SET author_name = ? WHERE author = ?", name, author)


implementation.InTransaction.rename = rename

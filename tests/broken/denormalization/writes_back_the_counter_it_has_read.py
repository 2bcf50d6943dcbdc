"""Reads how many comments there are, and writes one more, so that of two comments at once one is not counted."""

import implementation
from implementation import *

CAUGHT_BY = ("test_of_two_comments_at_once_both_are_counted",)


def take(self, change):
    if change.kind != "comment":
        return real(self, change)
    table, more = self.pages.pages, 1 if change.text is not None else -1
    [(count,)] = self.database.rows(f"SELECT comments FROM {table} WHERE post = ?", change.post)
    real(self, change)
    self.database.rows(f"UPDATE {table} SET comments = ? WHERE post = ?", count + more, change.post)


real = implementation.InTransaction.take
implementation.InTransaction.take = take

"""Reads the name that it copies without holding its author, so that a rename at the same time passes by the new copy."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_is_published_during_a_rename_bears_the_new_name",)


def held_name(self, author, *, exclusively=False):
    [(name,)] = self.database.rows("SELECT name FROM authors WHERE author = ?", author)
    return name


implementation.InTransaction.held_name = held_name

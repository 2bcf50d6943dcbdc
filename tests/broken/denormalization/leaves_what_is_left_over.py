"""Compares and repairs only what the source has, so that a comment which is gone from there stays on its page for ever."""

import implementation
from implementation import *
from implementation import pages

CAUGHT_BY = ("test_a_writer_that_forgets_the_copies_leaves_pages_that_lie",)


def write_anew(self, which="", *parameters):
    if not which:
        return real(self, which, *parameters)
    key = {"pages": "post", "comments": "comment"}
    for kind in ("pages", "comments"):
        source = f"SELECT {key[kind]} FROM {NORMALIZED}_{kind} {which}"
        gone = f"DELETE FROM {self.name}_{kind} {which} AND {key[kind]} IN ({source})"
        self.database.rows(gone, *parameters, *parameters)
        self.database.rows(f"INSERT INTO {self.name}_{kind} SELECT * FROM {NORMALIZED}_{kind} {which}", *parameters)


real = pages.Pages._write_anew
pages.Pages._write_anew = write_anew
pages._difference = lambda one, other: f"SELECT * FROM (SELECT * FROM {one} EXCEPT SELECT * FROM {other}) AS d"

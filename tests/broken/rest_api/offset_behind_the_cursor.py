"""Hides the number of a row in the cursor, so that a page begins behind so many rows, whichever they are by then."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_follows_the_links_sees_each_row_once",)

numbers = {}


def page(self, listing, position, limit):
    skipped = position[0] if position else 0
    query = listing.rows().limit(limit).offset(skipped)
    found = [implementation.bookmarks.kept(row) for row in self._database.rows(query)]
    numbers.update({row.id: skipped + number for number, row in enumerate(found, 1)})
    return found


implementation.bookmarks.Bookmarks.page = page
implementation.bookmarks.Kept.position = lambda self, listing: (numbers[self.id], self.id)

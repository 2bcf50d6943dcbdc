"""Pastes the title that is asked for into the statement, where it can be more than a title."""

import implementation
from implementation import *
from sqlalchemy import text

CAUGHT_BY = ("test_sql_is_data_in_every_field",)


def rows(self):
    found = real(self._replace(title=None))
    return found if self.title is None else found.where(text(f"title = '{self.title}'".replace(":", r"\:")))


real = implementation.pages.Listing.rows
implementation.pages.Listing.rows = rows

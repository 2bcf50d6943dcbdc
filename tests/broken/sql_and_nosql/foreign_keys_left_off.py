"""Declares foreign keys in SQLite and leaves them switched off, as they are by default in each new connection."""

from implementation import *
from implementation import SQLite

CAUGHT_BY = (
    "test_an_order_of_nobody_is_refused_by_the_store_itself",
    "test_an_order_that_cannot_be_served_leaves_nothing_behind",
)

connect = SQLite.__init__


def without(self, path):
    connect(self, path)
    self.connection.execute("PRAGMA foreign_keys = OFF")


SQLite.__init__ = without

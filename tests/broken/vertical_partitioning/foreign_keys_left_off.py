"""Declares foreign keys, and does not switch them on: SQLite ignores them in each connection that has not asked for them."""

from implementation import *
from implementation import SQLite

CAUGHT_BY = ("test_in_one_database_a_foreign_key_stands_behind_the_facade",)


class SQLite(SQLite):
    def _connect(self):
        connection = super()._connect()
        connection.execute("PRAGMA foreign_keys = OFF")
        return connection

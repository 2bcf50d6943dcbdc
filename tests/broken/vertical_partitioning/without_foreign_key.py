"""Declares no foreign key, so that whoever bypasses the facade leaves cold rows without a user."""

from implementation import *
from implementation import PostgreSQL, SQLite

CAUGHT_BY = ("test_in_one_database_a_foreign_key_stands_behind_the_facade",)


class NoReferences:
    def can_reference(self, part):
        return False


class SQLite(NoReferences, SQLite):
    pass


class PostgreSQL(NoReferences, PostgreSQL):
    pass

"""Copies rows that it has not locked: one that is being removed is seen, and put into the parts when it is gone."""

from implementation import *
from implementation import PostgreSQL

CAUGHT_BY = ("test_what_changes_behind_the_copying_is_not_missed",)


class PostgreSQL(PostgreSQL):
    lock_rows = ""

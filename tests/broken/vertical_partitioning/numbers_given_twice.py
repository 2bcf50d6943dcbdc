"""Numbers notes by the highest in the outbox, so that an empty one begins anew and its notes are taken for old news."""

from implementation import *
from implementation import SQLite

CAUGHT_BY = ("test_in_two_databases_an_outbox_brings_the_cold_part_after_the_hot",)


class SQLite(SQLite):
    serial = "INTEGER PRIMARY KEY"

"""Turns the signpost without a lock, while a client who has just read it is on the way to the wide table."""

from implementation import *
from implementation import PostgreSQL

CAUGHT_BY = ("test_the_switch_waits_for_whoever_has_read_the_signpost",)


class PostgreSQL(PostgreSQL):
    def lock_table(self, table):
        pass

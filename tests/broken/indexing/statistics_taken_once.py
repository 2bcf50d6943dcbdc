"""The planner learns what the table holds when an index is new, and never again, however much the rows change."""

from implementation import *
from implementation import PostgreSQL, SQLite

CAUGHT_BY = ("test_stale_statistics_mislead_the_planner_until_it_looks_again",)


class Once:
    known = None

    def analyze(self):
        if self.known != self.indexes():
            self.known = self.indexes()
            super().analyze()


class SQLite(Once, SQLite):
    pass


class PostgreSQL(Once, PostgreSQL):
    pass

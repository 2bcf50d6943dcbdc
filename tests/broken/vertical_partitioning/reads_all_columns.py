"""Asks for `*` whatever is wanted, so that every list of names reads the biographies along."""

from implementation import *
from implementation import Users

CAUGHT_BY = (
    "test_hot_columns_are_read_from_the_hot_part_alone",
    "test_a_scan_reads_as_much_less_as_the_hot_part_is_narrower",
)


class Users(Users):
    def _select(self, columns):
        first, *others = (part.table for part in self.parts)
        everything = f"SELECT * FROM {first}" + "".join(f" JOIN {table} USING (id)" for table in others)
        wanted = super()._select(columns).partition(" FROM ")[0]
        return f"{wanted} FROM ({everything}) AS users"

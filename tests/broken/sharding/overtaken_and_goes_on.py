"""Does not look whether another has moved the slot meanwhile: a resharder that was paused copies the past over the present."""

import sys

import implementation
from implementation import *

CAUGHT_BY = ("test_a_resharder_that_was_overtaken_touches_nothing_any_more",)

resharding = sys.modules[implementation.Resharder.__module__]


def copy(self, slot, wanted, target, epoch):
    with target.transaction() as execute:
        there = resharding.read(execute, slot)
        for table in TABLES:
            for row in there[table] - wanted[table]:
                execute(f"DELETE FROM {table} WHERE id = ?", row[0])
            for row in wanted[table] - there[table]:
                execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)


Resharder._copy = copy

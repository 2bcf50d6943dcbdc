"""Gathers every row that lies on any shard: users whose slot is being copied are in the answer twice."""

from implementation import *

CAUGHT_BY = ("test_users_are_read_written_and_found_at_every_step_of_resharding",)


def scatter(self, table, columns, condition, *parameters):
    rows = []
    for shard in self.shards.values():
        with shard.snapshot() as execute:
            rows += execute(f"SELECT {columns} FROM {table} WHERE {condition}", *parameters)
    return Answer(rows, len(self.shards))


Shards.scatter = scatter

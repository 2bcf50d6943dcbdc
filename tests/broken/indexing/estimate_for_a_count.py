"""The cost is what the planner expects, not what was read: a misled planner expects little."""

from implementation import *
from implementation import PostgreSQL

CAUGHT_BY = ("test_stale_statistics_mislead_the_planner_until_it_looks_again",)


class PostgreSQL(PostgreSQL):
    def _run(self, statement, *parameters):
        plan = super()._run(statement, *parameters)
        return {**plan, "Shared Hit Blocks": plan["Total Cost"], "Shared Read Blocks": 0}

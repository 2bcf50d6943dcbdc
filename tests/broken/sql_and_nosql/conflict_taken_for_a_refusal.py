"""Takes a conflict with another transaction for a refusal, instead of beginning again."""

from implementation import *
from implementation import PostgreSQL, Rule

CAUGHT_BY = ("test_concurrent_transfers_are_never_seen_half_done",)

rule = PostgreSQL.rule
PostgreSQL.rule = lambda self, error: Rule.CHECK if isinstance(error, self._again) else rule(self, error)

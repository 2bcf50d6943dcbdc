"""Looks for the key in one transaction and writes it in the next, so that duplicates which come in between pay too."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_duplicate_waits_for_a_request_that_is_at_work",)


def once(self, claim, act):
    self._reach(Step.RECEIVED)
    query = "SELECT fingerprint, answer FROM idempotency_keys WHERE caller = %s AND key = %s"
    with self._database.transaction() as execute:
        kept = execute(query, claim.caller, claim.key)
    self._reach(Step.CLAIMED)
    if kept:
        return implementation.keys.repeat(claim, *kept[0])
    with self._database.transaction() as execute:
        answer = act(execute)
        self._reach(Step.ACTED)
        self._claim(execute, claim)
        self._keep(execute, claim, answer)
        self._reach(Step.KEPT)
    self._reach(Step.COMMITTED)
    return answer


implementation.TransactionalKeys.once = once

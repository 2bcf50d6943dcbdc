"""Commits the key in a transaction of its own, behind that of the payment, so that a crash between the two pays twice."""

import implementation
from implementation import *

CAUGHT_BY = ("test_killed_behind_any_step_the_retry_finds_exactly_one_payment",)


def once(self, claim, act):
    self._reach(Step.RECEIVED)
    with self._database.transaction() as execute:
        earlier = not self._claim(execute, claim)
        if earlier:
            return implementation.keys.repeat(claim, *self._kept(execute, claim))
        execute("DELETE FROM idempotency_keys WHERE caller = %s AND key = %s", claim.caller, claim.key)
        self._reach(Step.CLAIMED)
        answer = act(execute)
        self._reach(Step.ACTED)
    self._reach(Step.COMMITTED)
    with self._database.transaction() as execute:
        self._claim(execute, claim)
        self._keep(execute, claim, answer)
    self._reach(Step.KEPT)
    return answer


implementation.TransactionalKeys.once = once

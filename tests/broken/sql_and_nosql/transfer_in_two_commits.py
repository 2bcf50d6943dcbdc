"""Takes from one customer and gives to the other in two commits, with a moment in between that anybody can see."""

from implementation import *
from implementation import DocumentShop, RelationalShop, Step

CAUGHT_BY = (
    "test_concurrent_transfers_are_never_seen_half_done",
    "test_killed_between_two_writes_a_process_leaves_neither_or_both",
)


def transfer(self, giver, receiver, cents):
    self.add_credit(giver, -cents)
    self._reach(Step.WRITTEN)
    self.add_credit(receiver, cents)
    self._reach(Step.COMMITTED)


RelationalShop.transfer = DocumentShop.transfer = transfer

"""Takes from the giver first, whoever that is, so that two opposite transfers each hold what the other needs."""

from implementation import *
from implementation import DocumentShop, Isolation, RelationalShop, Step

CAUGHT_BY = ("test_opposite_transfers_do_not_wait_for_each_other",)


def move(self, giver, receiver, cents, *session):
    self.add_credit(giver, -cents, *session)
    self._reach(Step.WRITTEN)
    self.add_credit(receiver, cents, *session)
    self._reach(Step.WRITTEN)


def transfer_rows(self, *turn):
    self.database.transact(lambda: move(self, *turn), Isolation.SERIALIZABLE)
    self._reach(Step.COMMITTED)


def transfer_documents(self, *turn):
    self.transact(lambda session: move(self, *turn, session))
    self._reach(Step.COMMITTED)


RelationalShop.transfer, DocumentShop.transfer = transfer_rows, transfer_documents

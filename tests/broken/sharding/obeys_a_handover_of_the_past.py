"""Takes a slot whenever somebody says that it was handed over: a rumour of last week makes half a copy count."""

from implementation import *

CAUGHT_BY = ("test_a_handover_of_the_past_is_not_obeyed",)


def take(self, slot, epoch):
    with self.transaction() as execute:
        statement = "UPDATE slots SET state = ? WHERE slot = ? AND state = ?"
        execute(statement, State.OWNED, slot, State.ARRIVING)


Shard.take = take

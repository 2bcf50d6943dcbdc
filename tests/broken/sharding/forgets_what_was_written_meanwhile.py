"""Copies a slot once and hands it over: what was written or removed while it was copied is undone."""

from implementation import *

CAUGHT_BY = ("test_users_are_read_written_and_found_at_every_step_of_resharding",)


def hand_over(self, slot, source, target, epoch):
    with source.transaction() as execute:
        source.owns(execute, slot, source.for_update)
        self._report(Step.CONFIRMED, slot)
        gives_up = "UPDATE slots SET state = ?, heir = ?, epoch = ? WHERE slot = ?"
        execute(gives_up, State.MOVED, target.name, epoch, slot)


Resharder._hand_over = hand_over

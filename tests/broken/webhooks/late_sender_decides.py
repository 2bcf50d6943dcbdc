"""Lets a sender whose lease has ended decide about its delivery, so that its late failure undoes the next one's success."""

from dataclasses import replace

import implementation
from implementation import *

CAUGHT_BY = ("test_a_sender_that_outlives_its_lease_does_not_undo_what_the_next_has_done",)


class Outbox(implementation.Outbox):
    def conclude(self, claimed, answer, verdict):
        super().conclude(claimed, answer, replace(verdict, state="delivered"))
        with self.store.transaction() as execute:
            execute("UPDATE deliveries SET state = %s WHERE number = %s", verdict.state, claimed.number)

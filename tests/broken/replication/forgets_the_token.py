"""Forgets the token between two requests of a session: it may not find its own write, and may read backwards."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_session_reads_its_own_writes", "test_a_session_never_reads_backwards")


class Session(implementation.Session):
    def advance(self, position):
        pass


class ReplicatedStore(implementation.ReplicatedStore):
    def session(self):
        return Session(self)

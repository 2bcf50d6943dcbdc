"""Takes a token from its writes and none from its reads: what a session has seen can vanish again."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_session_never_reads_backwards",)


class Session(implementation.Session):
    def read(self, key):
        return self._store.read(key, at_least=self.token)


class ReplicatedStore(implementation.ReplicatedStore):
    def session(self):
        return Session(self)

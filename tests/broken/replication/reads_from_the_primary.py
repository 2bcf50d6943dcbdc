"""Sends every read to the primary: nothing is ever stale, and the replicas serve nobody."""

import implementation
from implementation import *

CAUGHT_BY = ("test_writes_go_to_the_primary_and_each_read_names_the_replica_that_served_it",)


class ReplicatedStore(implementation.ReplicatedStore):
    def read(self, key, at_least=0):
        return self._cluster.primary.read(key)

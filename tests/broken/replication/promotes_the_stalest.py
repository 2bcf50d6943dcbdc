"""Promotes the replica that has received least, and loses what only the others have."""

import implementation
from implementation import *

CAUGHT_BY = ("test_the_most_advanced_replica_is_promoted",)


class Cluster(implementation.Cluster):
    @staticmethod
    def most_advanced(candidates):
        return min(candidates, key=lambda candidate: candidate[1].received)[0]

"""Obeys whoever calls itself primary: a deposed one that comes back finds replicas that vouch for its writes."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_partition_has_one_side_that_acknowledges_writes",)

really_admit = implementation.Node._admit


def admit(self, epoch, ticket=None):
    really_admit(self, max(epoch, self._epoch), ticket)


implementation.Node._admit = admit

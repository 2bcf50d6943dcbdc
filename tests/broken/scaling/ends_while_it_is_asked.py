"""Ends an instance at once when it is to go: whoever it was working for gets no answer."""

from implementation import *
from sysdesign.storage.scaling import fleet

CAUGHT_BY = ("test_scaling_in_fails_no_request",)


def let_go(self, instance):
    instance.kill()
    self._balancer.drain((instance.host, instance.port))
    self.instances.remove(instance)


fleet.Fleet._let_go = let_go

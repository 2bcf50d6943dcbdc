"""Forgets an instance that is to go, and does not wait for the requests that it still works on."""

from implementation import *
from sysdesign.storage.scaling import balancers

CAUGHT_BY = ("test_scaling_in_fails_no_request",)

balancers.HaproxyBalancer._under_way = lambda self, place: 0
balancers.OurBalancer.drain = lambda self, address: self._order("remove", address)

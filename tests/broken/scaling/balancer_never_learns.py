"""Starts new instances and does not tell the balancer: all requests go to the first one for ever."""

from implementation import *
from sysdesign.storage.scaling import fleet

CAUGHT_BY = ("test_four_times_the_size_serves_more_than_three_times_as_much",)

really_create = fleet.Fleet.__init__


class OfTheFirst:
    def __init__(self, balancer):
        self.balancer, self.known = balancer, []

    def admit(self, address):
        if not self.known:
            self.known.append(address)
            self.balancer.admit(address)

    def drain(self, address):
        if address in self.known:
            self.known.remove(address)
            self.balancer.drain(address)


fleet.Fleet.__init__ = lambda self, make, balancer, *within: really_create(self, make, OfTheFirst(balancer), *within)

"""Counts as in flight what is at work, and forgets what waits."""

from implementation import *
from sysdesign.storage.scaling import slots

CAUGHT_BY = ("test_in_flight_is_throughput_times_latency",)


def count(self, change):
    now = self._clock()
    self._request_seconds += (self._in_flight - len(self._waiting)) * (now - self._changed)
    self._changed = now
    self._in_flight += change


slots.Slots._count = count

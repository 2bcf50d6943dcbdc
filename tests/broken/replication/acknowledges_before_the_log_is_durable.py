"""Keeps new log entries in memory, to write them when many have come together, and acknowledges them at once."""

import implementation
from implementation import *

CAUGHT_BY = (
    "test_an_entry_is_on_the_disk_before_it_is_acknowledged",
    "test_an_acknowledged_write_stands_in_the_log_of_every_node_that_vouched_for_it",
)
ENOUGH_BYTES = 1_000_000

really_write = implementation.Log._write


def write(self, content):
    self.memory = getattr(self, "memory", b"") + content
    if len(self.memory) > ENOUGH_BYTES:
        really_write(self, self.memory)


def restart(self, base):
    self._offsets, self._base, self.mark, self.memory = [], base, base, b""
    self._write(implementation.Entry(base.position, base.epoch, "", "").encode())


implementation.Log._write = write
implementation.Log.restart = restart
implementation.Log._read = lambda self, begin, end: self.memory[begin:end]
implementation.Log._end = lambda self: len(self.memory)

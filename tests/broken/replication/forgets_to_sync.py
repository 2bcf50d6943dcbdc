"""Writes the log without bringing it to the disk: a killed process loses nothing, a power cut loses what was acknowledged."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_entry_is_on_the_disk_before_it_is_acknowledged",)


def write(self, content):
    self._file.write(content)
    self._file.flush()


implementation.Log._write = write

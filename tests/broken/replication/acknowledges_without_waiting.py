"""Acknowledges in every mode as soon as the primary itself has the write: a mode is only a name."""

import implementation
from implementation import *
from sysdesign.storage.replication.node import Leadership

CAUGHT_BY = ("test_a_write_is_acknowledged_by_as_many_as_its_mode_names",)

Leadership.acknowledges = lambda self, position: True

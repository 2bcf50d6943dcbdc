"""Keeps whatever a slow reader has not read, without end."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_slow_reader_is_dropped",)

implementation.Connection.pause_writing = lambda self: None

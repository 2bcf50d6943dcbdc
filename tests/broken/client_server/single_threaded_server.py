"""Serves with a single thread: whoever waits keeps everybody else waiting."""

import functools

import implementation
from implementation import *

CAUGHT_BY = ("test_who_waits_keeps_nobody_else_waiting",)

implementation.server.serve = serve = functools.partial(implementation.server.serve, threads=1)

"""Looks up a name to check it and again to connect, so that it may stand for a private address by then (DNS rebinding)."""

import implementation
from implementation import *

CAUGHT_BY = ("test_the_connection_goes_to_the_address_that_was_checked",)

real = implementation.post.Connection.__init__


def __init__(self, target, timeout_seconds, connect, tls):
    real(self, target, timeout_seconds, lambda address, seconds: connect((target.host, address[1]), seconds), tls)


implementation.post.Connection.__init__ = __init__

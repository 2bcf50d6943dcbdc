"""Lets the scripts of any page read the answers."""

import implementation
from implementation import *

CAUGHT_BY = ("test_only_known_pages_may_read_the_answers",)

really_shared = implementation.Decisions._shared_with


def shared_with(self, origin):
    return b"\r\nAccess-Control-Allow-Origin: %b\r\nVary: Origin" % origin if origin else really_shared(self, origin)


implementation.Decisions._shared_with = shared_with

"""Checks the first address of a name and connects to any, so that a name with a public and a private one leads to the private one."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nothing_is_sent_into_private_networks",)


def _checked(self, host, port):
    found = tuple(self._resolve(host, port))
    if not found or not (is_public(found[0]) or self._is_allowed(found[0])):
        raise Forbidden(host)
    return found


implementation.Addresses._checked = _checked

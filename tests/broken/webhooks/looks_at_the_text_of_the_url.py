"""Refuses hosts that look private and looks up no name, so that a name, or an address in another notation, leads there."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nothing_is_sent_into_private_networks",)


def _checked(self, host, port):
    if host.startswith(("10.", "127.", "192.168.", "169.254.", "localhost", "::1")):
        raise Forbidden(host)
    return tuple(self._resolve(host, port))


implementation.Addresses._checked = _checked

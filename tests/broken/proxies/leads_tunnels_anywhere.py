"""Opens a tunnel to whatever port a client asks for."""

import implementation
from implementation import *
from sysdesign.networking.proxies import forward

CAUGHT_BY = ("test_what_is_blocked_is_refused_before_anybody_is_asked",)

really_split = forward._host_and_port


class AnyPort(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


def host_and_port(authority):
    host, port = really_split(authority)
    return host, AnyPort(port)


forward._host_and_port = host_and_port

"""Passes on what a client says of its own connection, and what is meant for the proxy."""

import implementation
from implementation import *
from sysdesign.networking.proxies import forward, reverse

CAUGHT_BY = ("test_fields_of_one_connection_end_with_it",)


def everything(fields, without=()):
    return [(name, value) for name, value in fields if name.lower() not in {"connection", *without}]


forward.end_to_end = reverse.end_to_end = everything

"""Tells an origin the address of the client for whom it asks."""

import implementation
from implementation import *
from sysdesign.networking.proxies import forward

CAUGHT_BY = ("test_an_origin_learns_nothing_of_the_client_behind_a_forward_proxy",)

really_send = forward.end_to_end
forward.end_to_end = lambda came, without=(): [
    *really_send(came, without),
    ("X-Forwarded-For", forward.request.environ["REMOTE_ADDR"]),
]

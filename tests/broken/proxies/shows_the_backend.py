"""Passes redirections on as backends write them, with an address that no client should know."""

import implementation
from implementation import *
from sysdesign.networking.proxies import reverse

CAUGHT_BY = ("test_a_client_of_a_reverse_proxy_never_learns_the_backend",)

reverse.values = lambda fields, wanted: iter(())

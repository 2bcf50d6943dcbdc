"""Believes a server about names that others answer for."""

import dns.name

from implementation import *
from sysdesign.networking.dns import resolver

CAUGHT_BY = ("test_a_server_is_believed_about_its_own_zone_and_nothing_else",)

resolver.read = lambda answer, key, zone: read(answer, key, dns.name.root)

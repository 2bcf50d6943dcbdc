"""DNS: names are turned into addresses by asking whoever answers for them, and remembering what they said until its end.

    Resolver([("192.0.2.53", 53)]).lookup("www.example.test", "A")
    python -m sysdesign.networking.dns --port 5300 --zone example.test=example.test.zone

names.py      names as people write them; what a lookup can come to
addresses.py  IP addresses: read, told apart, turned into names
messages.py   questions, and which packets count as their answers
network.py    one question to one server, over UDP and TCP
cache.py      what was learned, until its end
resolver.py   all of it together: aliases, referrals, fail-over, stale answers
services.py   whom a client of a service tries first, by priority and weight
zones.py      the other side: what an authoritative server says of its zones …
server.py     … and how it is asked
"""

from sysdesign.networking.dns.addresses import address, is_private, reverse_name, within
from sysdesign.networking.dns.cache import Cache
from sysdesign.networking.dns.messages import Rejected, accept, ask_for, read
from sysdesign.networking.dns.names import (
    Answer,
    BadName,
    LookupFailed,
    NoSuchName,
    NoSuchRecord,
    Unanswered,
    checked_name,
    checked_type,
)
from sysdesign.networking.dns.network import ask
from sysdesign.networking.dns.resolver import Resolver, Rules
from sysdesign.networking.dns.server import ZoneServer, load, main
from sysdesign.networking.dns.services import Target, in_turn
from sysdesign.networking.dns.zones import Zones

__all__ = [
    "Answer",
    "BadName",
    "Cache",
    "LookupFailed",
    "NoSuchName",
    "NoSuchRecord",
    "Rejected",
    "Resolver",
    "Rules",
    "Target",
    "Unanswered",
    "ZoneServer",
    "Zones",
    "accept",
    "address",
    "ask",
    "ask_for",
    "checked_name",
    "checked_type",
    "in_turn",
    "is_private",
    "load",
    "main",
    "read",
    "reverse_name",
    "within",
]

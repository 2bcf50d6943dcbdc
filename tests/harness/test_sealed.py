"""A network of its own: what a machine's own way to look up names finds there, and where it cannot be had."""

import pytest

from fixtures.sealed import looked_up
from fixtures.servers.server import ServerMissing

ZONE = "@ 60 SOA ns1 admin 1 3600 600 86400 30\n@ 60 NS ns1\nns1 60 A 127.0.0.1\nhere 60 A 127.0.0.9\n"


def test_the_machines_own_lookups_ask_the_given_zones_alone():
    """Inside, the standard library and dnspython find what the given zone says."""
    found = looked_up({"sealed.test.": ZONE}, "here.sealed.test")

    assert found["getaddrinfo"] == ["127.0.0.9"]
    assert found["gethostbyname"] == "127.0.0.9"
    assert found["dns.resolver"] == [["127.0.0.9"]] * 8


def test_where_it_cannot_be_had_the_cure_is_told(monkeypatch):
    """On a machine without the program that makes such a network, the error names it."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ServerMissing, match="a network of its own is missing: install util-linux"):
        looked_up({"sealed.test.": ZONE}, "here.sealed.test")

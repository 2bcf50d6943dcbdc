"""IP addresses: read strictly, told apart by where they lead, and turned into the names under which they are looked up."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


def address(text: str) -> Address:
    """Return an address; an IPv4 address that comes dressed as IPv6 (`::ffff:10.0.0.1`) is the IPv4 address that it is.

    Raises:
        ValueError: It is none. `010.0.0.1` is none: some read it as decimal, some as octal.
    """
    parsed = ip_address(text)
    return (parsed.ipv4_mapped or parsed) if isinstance(parsed, IPv6Address) else parsed


def is_private(text: str) -> bool:
    """Whether an address leads nowhere on the public internet (RFC 1918, RFC 4193, loopback, link-local, documentation)."""
    return not address(text).is_global


def within(text: str, *networks: str) -> bool:
    """Whether an address belongs to one of the networks, in CIDR notation (`10.0.0.0/8`, RFC 4632). Raises ValueError."""
    return any(address(text) in ip_network(network) for network in networks)


def reverse_name(text: str) -> str:
    """Return the name under which the PTR record of an address is found (RFC 1035 §3.5, RFC 3596 §2.5)."""
    return address(text).reverse_pointer

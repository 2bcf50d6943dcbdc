"""Where webhooks may go: customers choose the URLs, and would else reach what only our own network should.

A name is looked up once for each attempt. All that it stands for must be on the public internet, and the connection is
made to the very addresses that were checked: a name that stands for another a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Resolve: TypeAlias = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses that a name stands for; raises OSError where there are none."""

PORTS = {"http": 80, "https": 443}
NOT_OF_A_URL = re.compile(r"[^\x21-\x7e]|\\")  # what is not ASCII travels percent-encoded, or not at all
PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
TUNNEL_TO_IPV4 = ipaddress.ip_network("2002::/16")


class Forbidden(Exception):  # noqa: N818 - it says what the URL is
    """A URL to which nothing is sent, and why."""


@dataclass(frozen=True)
class Target:
    """A URL taken apart, and the addresses that its host stood for when it was checked."""

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def system_resolver(host: str, port: int) -> list[str]:
    """Ask the system. Raises OSError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Tell whether an IP address is one host's on the public internet: not private, loopback, link-local, multicast…

    Of IPv6 only what is given out for that, and of that not what leads back to IPv4.
    """
    ip: Any = ipaddress.ip_address(address)
    if ip.version == 6:
        return bool(ip.is_global and ip in PUBLIC_IPV6 and ip not in TUNNEL_TO_IPV4)
    return bool(ip.is_global and not ip.is_multicast)


class Addresses:
    """Says where a URL leads, if webhooks may go there.

    Args:
        resolve: Looks up names.
        allow: Networks that are allowed although they are not public, for tests and for development: `127.0.0.0/8`.
    """

    def __init__(self, resolve: Resolve = system_resolver, allow: Iterable[str] = ()) -> None:
        self._resolve = resolve
        self._allowed = [ipaddress.ip_network(network) for network in allow]

    def target(self, url: str) -> Target:
        """Return where to connect. Raises Forbidden; OSError where the name cannot be looked up."""
        try:
            parts = urlsplit(url)
            port = parts.port or PORTS.get(parts.scheme, 0)
        except ValueError as error:
            raise Forbidden(f"not a URL: {error}") from error
        if parts.scheme not in PORTS or not parts.hostname or NOT_OF_A_URL.search(url):
            raise Forbidden("a webhook goes to http://host/path or https://host/path")
        if parts.username is not None:
            raise Forbidden("a URL with a name or a password in it is not called")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(parts.scheme, parts.hostname, port, path, self._checked(parts.hostname, port))

    def _checked(self, host: str, port: int) -> tuple[str, ...]:
        """Return the addresses of a host, if webhooks may go to all of them: who mixes them has no good in mind."""
        try:
            found = tuple(self._resolve(host, port))
        except UnicodeError as error:
            raise Forbidden(f"{host!r} is not a name") from error
        for address in found:
            if not (is_public(address) or self._is_allowed(address)):
                raise Forbidden(f"{host} stands for {address}, which is not on the public internet")
        if not found:
            raise Forbidden(f"{host} stands for no address")
        return found

    def _is_allowed(self, address: str) -> bool:
        return any(ipaddress.ip_address(address) in network for network in self._allowed)

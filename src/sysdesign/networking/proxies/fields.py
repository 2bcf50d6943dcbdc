"""Fields: which of them a message keeps on its way through a proxy, and what the proxy adds."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

Fields: TypeAlias = "list[tuple[str, str]]"

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields that are about one connection, or meant for the proxy itself (RFC 9110 §7.6.1, §11.7)."""

NOT_BELIEVED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"})
"""What anybody can write, and backends believe: it does not go on as it came."""

TELLING = frozenset({"server", "x-powered-by"})
"""What answers tell about the backend that gave them."""


def end_to_end(fields: Iterable[tuple[str, str]], without: Iterable[str] = ()) -> Fields:
    """Return the fields that go on to the next connection.

    Args:
        fields: Those that came, as often as they came.
        without: Further names to leave out, in lower case.
    """
    came = list(fields)
    nominated = {
        name.strip().lower() for field, value in came if field.lower() == "connection" for name in value.split(",")
    }
    gone = HOP_BY_HOP | nominated | set(without)
    return [(field, value) for field, value in came if field.lower() not in gone]


def via(fields: Iterable[tuple[str, str]], name: str) -> tuple[str, str]:
    """Return the Via field with this proxy's name behind those of the proxies before (RFC 9110 §7.6.3)."""
    return "Via", ", ".join([*values(fields, "via"), f"1.1 {name}"])


def values(fields: Iterable[tuple[str, str]], wanted: str) -> Iterator[str]:
    """Yield the values of all fields of a name, which is in lower case."""
    return (value for field, value in fields if field.lower() == wanted)


class Witness:
    """Tells a backend who its client is.

    What a client says of itself is believed only if the client is a proxy that is trusted: then its word is kept, and
    what this proxy has seen comes behind it.

    Args:
        trusted: Addresses and networks of proxies, as `10.0.0.0/8`. Raises ValueError for what is none.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted = [ipaddress.ip_network(network) for network in trusted]

    def tell(self, came: Fields, client: str, host: str, scheme: str) -> Fields:
        """Return X-Forwarded-* and Forwarded (RFC 7239) for a request.

        Args:
            came: The fields that the client has sent.
            client: Its address, as its connection shows it.
            host: The host that it asks for.
            scheme: `http` or `https`, as it spoke to this proxy.
        """
        believed = any(ipaddress.ip_address(client) in network for network in self._trusted)
        node = f'"[{client}]"' if ":" in client else client
        seen = {
            "X-Forwarded-For": client,
            "Forwarded": f'for={node};host="{host}";proto={scheme}',
            "X-Forwarded-Host": host,
            "X-Forwarded-Proto": scheme,
        }
        if not believed:
            return list(seen.items())
        told = {name: list(values(came, name.lower())) for name in seen}
        chains = [(name, ", ".join([*told[name], seen[name]])) for name in ("X-Forwarded-For", "Forwarded")]
        first = [(name, (told[name] or [seen[name]])[0]) for name in ("X-Forwarded-Host", "X-Forwarded-Proto")]
        return chains + first

"""HTTP Strict Transport Security (RFC 6797): which hosts have asked to be spoken to by HTTPS only."""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
DIRECTIVE = re.compile(rf'\s*(?:({WORD})\s*(?:=\s*(?:({WORD})|"((?:[^"\\]|\\.)*)"))?)?\s*(?:;|$)')


@dataclass(frozen=True)
class Policy:
    """What a host has asked for.

    Args:
        max_age: For how long [s].
        subdomains: Whether for all names below its own too.
    """

    max_age: int
    subdomains: bool = False


def parse(field: str) -> Policy | None:
    """Read a field of Strict-Transport-Security; None if it breaks the rules of §6.1, and is to be ignored as a whole."""
    directives: dict[str, str] = {}
    at = 0
    while at < len(field):
        match = DIRECTIVE.match(field, at)
        if match is None or match.end() == at:
            return None
        at = match.end()
        name, token, quoted = match.groups()
        if name is None:
            continue
        if name.lower() in directives:
            return None
        directives[name.lower()] = token or re.sub(r"\\(.)", r"\1", quoted or "")
    age = directives.get("max-age", "")
    if not (age.isascii() and age.isdigit()) or directives.get("includesubdomains"):
        return None
    return Policy(int(age), "includesubdomains" in directives)


class Hsts:
    """The hosts that a client knows to want HTTPS only.

    Args:
        clock: The time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, bool]] = {}

    def note(self, host: str, fields: Sequence[str], *, sealed: bool) -> None:
        """Note what a host has said, if it was said inside TLS: in the clear anybody could have said it (§8.1).

        Args:
            host: Who has answered; an address instead of a name is ignored (§8.1.1).
            fields: The fields of Strict-Transport-Security; the first one counts.
            sealed: Whether the answer came by TLS, without any error.
        """
        policy = parse(fields[0]) if fields and sealed and not _is_address(host) else None
        if policy is None:
            return
        if policy.max_age:
            self._known[_name(host)] = (self._clock() + policy.max_age, policy.subdomains)
        else:
            self._known.pop(_name(host), None)

    def covers(self, host: str) -> bool:
        """Whether a host, or one above it that speaks for its subdomains, has asked for HTTPS only (§8.2)."""
        labels = _name(host).split(".")
        for above in range(len(labels)):
            until, subdomains = self._known.get(".".join(labels[above:]), (0.0, False))
            if self._clock() < until and (above == 0 or subdomains):
                return True
        return False

    def upgrade(self, url: str) -> str:
        """Return the URL that is asked for instead: `https` for `http`, 443 for 80, and other ports as they are (§8.3)."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname or not self.covers(parts.hostname):
            return url
        port = f":{parts.port}" if parts.port not in {None, 80} else ""
        return parts._replace(scheme="https", netloc=f"{parts.hostname}{port}").geturl()


def _name(host: str) -> str:
    return host.lower().rstrip(".")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True

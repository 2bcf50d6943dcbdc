"""A version: its contract, its view of a row, and what it tells of its own end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from threading import Lock

import http_sf

from .contracts import Contract
from .users import View

MAX_CLIENTS = 100
"""How many names of clients are counted apart: whoever makes up more cannot fill the memory."""

OTHERS = "others"


@dataclass(frozen=True)
class Version:
    """A version of the API. Raises ValueError if it would end before it is deprecated (RFC 9745 §4)."""

    number: str
    """As in `/v1`."""
    contract: Contract
    view: View
    deprecated: datetime | None = None
    """Since when it should not be used any more: it still works."""
    sunset: datetime | None = None
    """From when on it is gone."""
    successor: str | None = None
    """The number of the version to go to."""

    def __post_init__(self) -> None:
        if self.sunset and (self.deprecated is None or self.sunset < self.deprecated):
            raise ValueError("a version is deprecated first, and gone later")

    def gone(self, now: float) -> bool:
        """Tell whether it has ended, at a time in seconds since 1970."""
        return self.sunset is not None and now >= self.sunset.timestamp()

    def fields(self, path: str) -> dict[str, str]:
        """Return the header fields that tell of its end: Deprecation (RFC 9745), Sunset (RFC 8594) and where to go (RFC 5829).

        Args:
            path: The resource, below the version, ready to stand in a URL.
        """
        fields, links = {}, []
        if self.deprecated:
            fields["Deprecation"] = http_sf.ser(self.deprecated)  # a structured date: @ and seconds
            links.append('</versions>; rel="deprecation"; type="application/json"')
        if self.sunset:
            fields["Sunset"] = format_datetime(self.sunset, usegmt=True)  # an HTTP date, of an older RFC
        if self.successor:
            links.append(f'</v{self.successor}{path}>; rel="successor-version"')
        return {**fields, "Link": ", ".join(links)} if links else fields


def media_type_of(number: str) -> str:
    """Return the media type by which a version can be named."""
    return f"application/vnd.sysdesign.v{number}+json"


class Calls:
    """Counts who still calls which version, since this process began."""

    def __init__(self) -> None:
        self._turn, self._counts = Lock(), Counter[tuple[str, str]]()

    def count(self, number: str, client: str) -> None:
        """Count a call."""
        with self._turn:
            known = (number, client) in self._counts or len(self._counts) < MAX_CLIENTS
            self._counts[number, client if known else OTHERS] += 1

    def of(self, number: str) -> dict[str, int]:
        """Return the calls of a version, by client."""
        with self._turn:
            return {client: calls for (called, client), calls in self._counts.items() if called == number}

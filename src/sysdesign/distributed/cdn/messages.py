"""Messages: requests and responses as an edge holds them, and their fields."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self

ELEMENT = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*(?:"|$))+')
"""One element of a list: commas inside quotes do not end it (RFC 9110 §5.6.1)."""

DATES = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")
"""The three forms in which a date may come (RFC 9110 §5.6.7)."""


class Fields(list[tuple[str, str]]):
    """The fields of a message in their order; names are asked for in lower case."""

    @classmethod
    def parse(cls, head: bytes) -> Fields:
        """Return the fields of a head that a strict parser has let through, without its first line."""
        lines = head.decode("latin-1").split("\r\n")[1:]
        return cls((name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines if line))

    def all(self, name: str) -> list[str]:
        """Return the values of all fields of this name."""
        return [value for other, value in self if other.lower() == name]

    def get(self, name: str, default: str = "") -> str:
        """Return the value of the first field of this name."""
        return next((value for other, value in self if other.lower() == name), default)

    def elements(self, name: str) -> list[str]:
        """Return the elements of a list that may have come in several fields."""
        parts = (part.strip(" \t") for value in self.all(name) for part in ELEMENT.findall(value))
        return [part for part in parts if part]

    def without(self, names: Iterable[str]) -> Fields:
        """Return the fields of other names."""
        gone = set(names)
        return Fields(pair for pair in self if pair[0].lower() not in gone)

    def encoded(self) -> bytes:
        """Return the fields as they stand in a head."""
        return "".join(f"{name}: {value}\r\n" for name, value in self).encode("latin-1")


class Pieces(Protocol):
    """A body that is still to come, piece by piece."""

    def __aiter__(self) -> Self:
        """Read it."""

    async def __anext__(self) -> bytes:
        """Return the next piece."""

    def push_back(self, data: bytes) -> None:
        """Let it begin with these bytes."""

    def close(self) -> None:
        """Read no more of it."""


@dataclass(slots=True)
class Request:
    """A request as it came, its body framed as its fields say."""

    method: str
    target: str
    fields: Fields
    body: bytes = b""

    @property
    def url(self) -> tuple[str, str]:
        """What identifies the resource: its host in lower case, and its path with the query."""
        return self.fields.get("host").lower(), self.target


@dataclass(slots=True)
class Response:
    """A response.

    Args:
        asked, received: When its request was sent and when its head came [s since 1970].
    """

    status: int
    fields: Fields
    body: bytes | Pieces = b""
    asked: float = 0.0
    received: float = 0.0

    def discard(self) -> None:
        """Give up what is still to come of it."""
        if not isinstance(self.body, bytes):
            self.body.close()


@functools.lru_cache(maxsize=1_024)
def timestamp(text: str) -> float | None:
    """Return the seconds since 1970 that a date tells, or None for one that is in none of the three forms."""
    for form in DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None

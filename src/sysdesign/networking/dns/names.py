"""Names as people write them, checked before any packet leaves; and what a lookup can come to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import dns.exception
import dns.name
import dns.rdatatype

LONGEST_NAME = 253
"""Characters without the last dot: 255 octets on the wire (RFC 1035 §2.3.4)."""

REMEMBERED = 1_000
"""So many names are read once only: a program asks for the same few again and again."""

LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
"""Letters, digits and hyphens, 63 octets at most (RFC 1035 §2.3.1); underscores are for services (RFC 8552)."""


class LookupFailed(Exception):  # noqa: N818 - the name of the event
    """A lookup has no records to give; its kinds tell why."""


class BadName(LookupFailed):
    """It is no name, or no type, that could be asked for: nothing was sent."""


class NoSuchName(LookupFailed):
    """The name does not exist, whatever type is asked for (NXDOMAIN)."""


class NoSuchRecord(LookupFailed):
    """The name exists and has no record of this type (NODATA)."""


class Unanswered(LookupFailed):
    """Nobody who was asked gave an answer that could be used; the name may or may not exist."""


@dataclass(frozen=True)
class Answer:
    """The records of a name.

    Attributes:
        name: Whose records they are, when all aliases have been followed.
        records: The records' data as in a zone file, in the order in which they came.
        ttl: Seconds for which they may be used from now on.
        stale: Whether they are past their end, and given because nobody could be asked (RFC 8767).
    """

    name: str
    records: tuple[str, ...]
    ttl: int
    stale: bool = False


@lru_cache(REMEMBERED)
def checked_name(text: str) -> dns.name.Name:
    """Return the name, absolute and in lower case. Raises BadName."""
    plain = text.removesuffix(".").lower()
    if len(plain) > LONGEST_NAME:
        raise BadName(f"a name has {LONGEST_NAME} characters at most, not {len(plain)}")
    for label in plain.split("."):
        if not LABEL.fullmatch(label):
            raise BadName(f"{label[:80]!r} is no label: 1 to 63 letters, digits and inner hyphens")
    return dns.name.from_text(plain)


@lru_cache(REMEMBERED)
def checked_type(text: str) -> dns.rdatatype.RdataType:
    """Return the type of record. Raises BadName for one that does not exist or is no record's own (ANY, AXFR)."""
    try:
        kind = dns.rdatatype.from_text(text)
    except (dns.exception.DNSException, ValueError) as unknown:
        raise BadName(f"{text!r} is no type of record") from unknown
    if dns.rdatatype.is_metatype(kind):
        raise BadName(f"{text} asks for more than one type of record")
    return kind

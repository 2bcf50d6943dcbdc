"""Questions, and which packets count as their answers.

Anybody can send a packet that claims to come from the server. What an attacker who cannot listen does not know is the number
of the question and the port that it left from (RFC 5452): a packet that does not repeat the first is dropped, and the waiting
goes on; the second is the business of `network.py`. What was accepted is still read with care: `read` takes the records that
were asked for and no others, and of a server that was told of by another one only what lies in its zone.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

PAYLOAD_BYTES = 1_232
"""The largest answer over UDP that we ask for: more could travel in fragments, which are lost or forged easily."""

HEADER_BYTES = 12
RESPONSE_TO_QUERY = 0x80
"""The first five bits of a message's flags: it is a response (QR), and to a plain query (opcode 0)."""

LONGEST_SECONDS = 7 * 86_400
"""No TTL is believed beyond a week (RFC 8767 §4)."""

LONGEST_NEGATIVE_SECONDS = 3 * 3_600
"""For so long at most is it remembered that something does not exist (RFC 2308 §5)."""


class Chance(Protocol):
    """Where numbers that nobody can guess come from; `random.SystemRandom()` is one."""

    def randrange(self, stop: int, /) -> int:
        """Return a number from 0 to below `stop`."""


class Rejected(Exception):  # noqa: N818 - what became of a packet
    """A packet is no answer to the question that was asked."""


class Kind(Enum):
    """What an answer says of a name and a type."""

    RECORDS = "records"
    ALIAS = "alias"
    NO_NAME = "no such name"
    NO_RECORD = "no such record"


@dataclass(frozen=True)
class Fact:
    """Something learned that holds for a while.

    Attributes:
        kind: What is known.
        ttl: Seconds for which it holds from when it was told.
        records: The records, for RECORDS.
        alias: The name to ask for instead, for ALIAS.
    """

    kind: Kind
    ttl: int
    records: tuple[dns.rdata.Rdata, ...] = ()
    alias: dns.name.Name | None = None


@dataclass(frozen=True)
class Referral:
    """The servers of a zone further down, which their parent has named.

    Attributes:
        zone: The zone that they answer for.
        servers: Their names, each with the addresses that came along (glue), if any.
        ttl: Seconds for which this holds.
    """

    zone: dns.name.Name
    servers: dict[dns.name.Name, tuple[str, ...]]
    ttl: int


Key = tuple[dns.name.Name, dns.rdatatype.RdataType]


def ask_for(key: Key, chance: Chance) -> dns.message.Message:
    """Return a question with a number that cannot be guessed."""
    name, kind = key
    return dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD_BYTES, id=chance.randrange(2**16))


def accept(question: dns.message.Message, packet: bytes) -> dns.message.Message:
    """Return the answer that a packet holds. Raises Rejected for all else, whatever its bytes."""
    if len(packet) < HEADER_BYTES or struct.unpack_from("!H", packet)[0] != question.id:
        raise Rejected("it does not repeat the number of the question")
    if packet[2] & 0xF8 != RESPONSE_TO_QUERY:  # what costs little comes first: anybody can send us packets to read
        raise Rejected("it is no answer")
    try:
        answer = dns.message.from_wire(packet)
    except (dns.exception.DNSException, ValueError) as malformed:
        raise Rejected(f"it cannot be read: {malformed}") from malformed
    if answer.question != question.question:
        raise Rejected("it answers another question")
    return answer


def read(answer: dns.message.Message, key: Key, zone: dns.name.Name) -> list[tuple[Key, Fact]] | Referral | None:
    """Read what an answer says about a name and a type; None if it says nothing that can be used.

    Args:
        answer: What was accepted.
        key: The name and the type that were asked for.
        zone: What the server that answered may speak about.

    Returns:
        The facts on the way from the name to its records, one for each alias, or to whom the question should go instead.
    """
    name, kind = key
    if answer.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    facts: list[tuple[Key, Fact]] = []
    seen: set[dns.name.Name] = set()
    while name.is_subdomain(zone) and name not in seen:  # what lies outside is for others to tell
        seen.add(name)
        if records := _find(answer.answer, name, kind):
            fact = Fact(Kind.RECORDS, _lifetime(records.ttl), tuple(records))
            return [*facts, ((name, kind), fact)]
        alias = _find(answer.answer, name, dns.rdatatype.CNAME)
        if alias is None:
            return facts + [((name, kind), fact) for fact in _absence(answer)] or _referral(answer, name, zone)
        target = alias[0].target.canonicalize()
        facts.append(((name, kind), Fact(Kind.ALIAS, _lifetime(alias.ttl), alias=target)))
        name = target
    return facts or None


def _absence(answer: dns.message.Message) -> list[Fact]:
    """Read that a name or its record does not exist, and for how long: the lesser of SOA's TTL and MINIMUM (RFC 2308 §5)."""
    soa = next((records for records in answer.authority if records.rdtype == dns.rdatatype.SOA), None)
    kind = Kind.NO_NAME if answer.rcode() == dns.rcode.NXDOMAIN else Kind.NO_RECORD
    if soa is not None:
        return [Fact(kind, min(_lifetime(soa.ttl), _lifetime(soa[0].minimum), LONGEST_NEGATIVE_SECONDS))]
    referred = any(records.rdtype == dns.rdatatype.NS for records in answer.authority)
    if kind is Kind.NO_RECORD and referred and not answer.flags & dns.flags.AA:
        return []
    return [Fact(kind, 0)]  # without a SOA nothing is remembered


def _referral(answer: dns.message.Message, name: dns.name.Name, zone: dns.name.Name) -> Referral | None:
    """Read who answers for a zone further down. It must lead nearer to the name, or servers could send us in circles."""
    for told in answer.authority:
        below = told.name.is_subdomain(zone) and told.name != zone
        if told.rdtype == dns.rdatatype.NS and below and name.is_subdomain(told.name):
            names = [record.target.canonicalize() for record in told]
            glue = {server: _glue(answer.additional, server, zone) for server in names}
            return Referral(told.name.canonicalize(), glue, _lifetime(told.ttl))
    return None


def _glue(additional: Sequence[dns.rrset.RRset], server: dns.name.Name, zone: dns.name.Name) -> tuple[str, ...]:
    """Return the addresses of a server that came along, if whoever told them may speak about it."""
    if not server.is_subdomain(zone):
        return ()
    found = (_find(additional, server, kind) for kind in (dns.rdatatype.A, dns.rdatatype.AAAA))
    return tuple(record.address for records in found if records for record in records)


def _find(section: Sequence[dns.rrset.RRset], name: dns.name.Name, kind: int) -> dns.rrset.RRset | None:
    return next((records for records in section if records.name == name and records.rdtype == kind), None)


def _lifetime(ttl: int) -> int:
    """Return a TTL as it is meant: with its highest bit set it is none (RFC 2181 §8)."""
    return min(ttl, LONGEST_SECONDS) if ttl < 2**31 else 0

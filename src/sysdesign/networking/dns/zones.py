"""What an authoritative server says: the records of its zones, where they end, and who knows more (RFC 1034 §4.3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.zone

ALIASES = 8
"""How many aliases are followed within an answer; the resolver follows the rest."""

SMALLEST_PAYLOAD_BYTES, LARGEST_PAYLOAD_BYTES = 512, 1_232
"""Over UDP: what every client takes, and what travels unfragmented."""


class Zones:
    """The zones of a server.

    Args:
        zones: Each with its own records, all names absolute; of two that hold a name, the deeper one answers.
    """

    def __init__(self, zones: Iterable[dns.zone.Zone]) -> None:
        self._zones = {zone.origin: zone for zone in map(_Zone, zones)}

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        """Return the response to a query."""
        response = dns.message.make_response(query, our_payload=LARGEST_PAYLOAD_BYTES)
        if query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
        elif len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        elif query.question[0].rdclass != dns.rdataclass.IN or dns.rdatatype.is_metatype(query.question[0].rdtype):
            response.set_rcode(dns.rcode.REFUSED)
        else:
            self._look_up(query.question[0].name, query.question[0].rdtype, response)
        return response

    def wire(self, query: dns.message.Message, *, udp: bool) -> bytes:
        """Return the response as it is sent: over UDP, what does not fit is left out, and that is told (TC)."""
        payload = max(SMALLEST_PAYLOAD_BYTES, query.payload if query.edns >= 0 else 0)
        limit = min(payload, LARGEST_PAYLOAD_BYTES) if udp else 65_535
        return self.answer(query).to_wire(max_size=limit, prefer_truncation=True, want_shuffle=False)

    def _look_up(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, response: dns.message.Message) -> None:
        """Fill in the response, from one zone after the other as aliases lead."""
        for _ in range(ALIASES):
            zone = next((self._zones[above] for above in _upwards(name) if above in self._zones), None)
            if zone is None:
                if not response.answer:
                    response.set_rcode(dns.rcode.REFUSED)
                return
            if cut := zone.cut(name):
                zone.refer(cut, response)
                return
            response.flags |= dns.flags.AA
            owner = zone.owner(name)
            if owner is None:
                response.set_rcode(dns.rcode.NXDOMAIN)
            elif records := zone.records(owner, kind):
                response.answer.append(_turned(name, records, response.id))
                return
            elif alias := zone.records(owner, dns.rdatatype.CNAME):
                response.answer.append(_turned(name, alias, 0))
                name = alias[0].target
                continue
            zone.tell_absence(response)
            return


class _Zone:
    """One zone: its records, and which names exist in it."""

    def __init__(self, zone: dns.zone.Zone) -> None:
        self._zone = zone
        self.origin, self._soa = next(iter(zone.iterate_rdatasets(dns.rdatatype.SOA)))
        # A name without records still exists if one below it does (RFC 4592 §2.2.2).
        self._names = {above for name in zone for above in _upwards(name) if above.is_subdomain(self.origin)}

    def records(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.rdataset.Rdataset | None:
        """Return the records of a name and a type, if there are any."""
        return self._zone.get_rdataset(name, kind)

    def cut(self, name: dns.name.Name) -> dns.name.Name | None:
        """Return the name at which another zone begins, if this name lies in that one."""
        below = [above for above in _upwards(name) if above.is_subdomain(self.origin) and above != self.origin]
        return next((above for above in reversed(below) if self.records(above, dns.rdatatype.NS)), None)

    def owner(self, name: dns.name.Name) -> dns.name.Name | None:
        """Return whose records are a name's: its own, those of a wildcard (RFC 4592 §3.3), or None if it does not exist."""
        if name in self._names:
            return name
        encloser = next(above for above in _upwards(name) if above in self._names)
        wildcard = dns.name.Name((b"*", *encloser.labels))
        return wildcard if wildcard in self._names else None

    def refer(self, cut: dns.name.Name, response: dns.message.Message) -> None:
        """Say who answers for the zone that begins at the cut, and where they are, as far as it is known here."""
        servers = self._zone.find_rdataset(cut, dns.rdatatype.NS)
        response.authority.append(_turned(cut, servers, 0))
        for server in servers:
            for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
                if glue := self.records(server.target, kind):
                    response.additional.append(_turned(server.target, glue, 0))

    def tell_absence(self, response: dns.message.Message) -> None:
        """Add the SOA, which tells for how long absence may be remembered (RFC 2308 §3)."""
        ttl = min(self._soa.ttl, self._soa[0].minimum)
        response.authority.append(dns.rrset.from_rdata_list(self.origin, ttl, list(self._soa)))


def _upwards(name: dns.name.Name) -> Iterator[dns.name.Name]:
    """Yield a name and all that are above it, to the root."""
    while name != dns.name.root:
        yield name
        name = name.parent()
    yield name


def _turned(name: dns.name.Name, records: dns.rdataset.Rdataset, by: int) -> dns.rrset.RRset:
    """Return the records under this name, turned by so many places: with each query another one comes first."""
    listed = list(records)
    first = by % len(listed)
    return dns.rrset.from_rdata_list(name, records.ttl, [*listed[first:], *listed[:first]])

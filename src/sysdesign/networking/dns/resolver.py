"""The resolver: asks for what it does not know, remembers it until its end, and asks the next server when one is silent."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import dns.name
import dns.rdatatype

from sysdesign.networking.dns.cache import Cache
from sysdesign.networking.dns.messages import Chance, Fact, Key, Kind, Referral, Rejected, ask_for, read
from sysdesign.networking.dns.names import (
    Answer,
    NoSuchName,
    NoSuchRecord,
    Unanswered,
    checked_name,
    checked_type,
)
from sysdesign.networking.dns.network import Address, Ask, ask

Facts = list[tuple[Key, Fact]]
EVERY_TYPE = dns.rdatatype.ANY


@dataclass(frozen=True)
class Rules:
    """How much a lookup may cost.

    Attributes:
        seconds: How long a server has for one answer.
        tries: How often the list of servers is gone through: over UDP a question can be lost without a fault of the server's.
        aliases: How many aliases are followed, one after the other.
        questions: How many questions one lookup may lead to, whatever servers answer.
        stale_seconds: How long an answer may be given past its end while nobody can be asked (RFC 8767 recommends one to
            three days); none unless asked for.
        stale_ttl: The TTL of such an answer, and after how many seconds the servers are asked again (RFC 8767 §5).
        failure_seconds: For how long it is remembered that nobody answered (RFC 9520 §3.2: one second to five minutes).
    """

    seconds: float = 1.0
    tries: int = 2
    aliases: int = 8
    questions: int = 24
    stale_seconds: float = 0.0
    stale_ttl: int = 30
    failure_seconds: float = 1.0


class Resolver:
    """Looks up names, for any number of threads.

    Args:
        servers: Whom to ask, in this order; either servers that know all (recursive ones), or those of the root zone that is
            meant: to whom they refer, the question follows.
        rules: How much a lookup may cost.
        ask: Puts one question to one server.
        clock: Tells the time in seconds; must not jump when the machine's clock is set.
        chance: Draws the numbers of the questions.
        route: Where the server is to be reached that was named by its IP address.
    """

    def __init__(
        self,
        servers: Iterable[Address],
        rules: Rules | None = None,
        *,
        ask: Ask = ask,
        clock: Callable[[], float] = time.monotonic,
        chance: Chance | None = None,
        route: Callable[[str], Address] = lambda address: (address, 53),
    ) -> None:
        self._servers, self._rules = list(servers), rules or Rules()
        self._ask, self._chance, self._route = ask, chance or random.SystemRandom(), route
        self._facts: Cache[Key, Fact] = Cache(clock, self._rules.stale_seconds)
        self._failures: Cache[Key, str] = Cache(clock)
        self._zones: Cache[dns.name.Name, tuple[str, ...]] = Cache(clock)
        self._flights: dict[Key, Future[Facts]] = {}
        self._lock = threading.Lock()

    def lookup(self, name: str, kind: str = "A") -> Answer:
        """Return the records of a name, through its aliases.

        Raises:
            BadName: It could not be asked for, and was not.
            NoSuchName: It does not exist.
            NoSuchRecord: It has no record of this type.
            Unanswered: Nobody gave an answer that could be used.
        """
        owner, rdtype = checked_name(name), checked_type(kind)
        learned: dict[Key, tuple[Fact, float]] = {}
        ttl, stale = float("inf"), False
        for _ in range(self._rules.aliases + 1):
            fact, left = learned.get((owner, rdtype)) or self._learn((owner, rdtype), learned)
            if left <= 0 < fact.ttl:
                left, stale = self._rules.stale_ttl, True
            ttl = min(ttl, left)
            if fact.kind is Kind.NO_NAME:
                raise NoSuchName(f"{owner} does not exist")
            if fact.kind is Kind.NO_RECORD:
                raise NoSuchRecord(f"{owner} has no record of the type {kind}")
            if fact.alias is None:
                return Answer(str(owner), tuple(record.to_text() for record in fact.records), int(ttl), stale)
            owner = fact.alias
        raise Unanswered(f"{name} leads through more than {self._rules.aliases} aliases")

    def _learn(self, key: Key, learned: dict[Key, tuple[Fact, float]]) -> tuple[Fact, float]:
        """Return what is known of a key and the seconds it has left; ask if nothing is, once for all threads that want it."""
        with self._lock:
            kept = self._known(key)
            if kept and kept[1] > 0:
                return kept
            flight, mine = self._flights.get(key), False
            if flight is None:
                flight, mine = self._flights.setdefault(key, Future()), True
        if mine:
            self._fly(flight, key, self._rules.stale_ttl if kept else self._rules.failure_seconds)
        try:
            learned |= {each: (fact, float(fact.ttl)) for each, fact in flight.result()}
        except Unanswered:
            if kept is None:
                raise
            return kept
        return learned[key]

    def _known(self, key: Key) -> tuple[Fact, float] | None:
        """Return what is remembered of a key: that the name does not exist holds for every type (RFC 2308 §5)."""
        kept = [found for each in (key, (key[0], EVERY_TYPE)) if (found := self._facts.get(each))]
        return max(kept, key=lambda found: found[1], default=None)

    def _fly(self, flight: Future[Facts], key: Key, pause: float) -> None:
        """Fetch what is to be known, for all who wait for this flight; after a failure, not again before the pause is over."""
        try:
            facts = self._fetch(key)
            for (name, rdtype), fact in facts:
                self._facts.put((name, EVERY_TYPE if fact.kind is Kind.NO_NAME else rdtype), fact, fact.ttl)
            flight.set_result(facts)
        except Unanswered as failure:
            if self._failures.get(key) is None:  # an old one must not live longer for being asked for
                self._failures.put(key, str(failure), pause)
            flight.set_exception(failure)
        except BaseException as error:
            flight.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._flights[key]

    def _fetch(self, key: Key) -> Facts:
        """Ask from the nearest zone whose servers are known down to the one that answers. Raises Unanswered."""
        if failure := self._failures.get(key):
            raise Unanswered(failure[0])
        zone, servers = self._nearest(key[0])
        budget = self._rules.questions
        while True:
            said, asked = self._ask_any(servers, key, zone, budget)
            budget -= asked
            if not isinstance(said, Referral):
                return said
            addresses = tuple(address for known in said.servers.values() for address in known)
            self._zones.put(said.zone, addresses, said.ttl)
            zone, servers = said.zone, [self._route(address) for address in addresses]

    def _nearest(self, name: dns.name.Name) -> tuple[dns.name.Name, list[Address]]:
        while name != dns.name.root:
            if (known := self._zones.get(name)) and known[1] > 0:
                return name, [self._route(address) for address in known[0]]
            name = name.parent()
        return dns.name.root, self._servers

    def _ask_any(
        self, servers: Sequence[Address], key: Key, zone: dns.name.Name, budget: int
    ) -> tuple[Facts | Referral, int]:
        """Return the first answer that says something, and how many questions of the budget it took. Raises Unanswered."""
        trouble: dict[Address, object] = {}
        for asked, server in enumerate((list(servers) * self._rules.tries)[:budget], 1):
            try:
                answer = self._ask(server, ask_for(key, self._chance), self._rules.seconds)
            except (OSError, Rejected) as failure:
                trouble[server] = failure
                continue
            if said := read(answer, key, zone):
                return said, asked
            trouble[server] = f"it says nothing of use (code {answer.rcode()})"
        told = "; ".join(f"{host}:{port}: {what}" for (host, port), what in trouble.items())
        raise Unanswered(f"nobody tells about {key[0]}: {told or 'nobody is left to ask'}")

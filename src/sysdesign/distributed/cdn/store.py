"""Store: the responses that an edge keeps, by what was asked for, within so many bytes; the one used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TypeAlias

from sysdesign.distributed.cdn.messages import Fields, Request, Response
from sysdesign.distributed.cdn.rules import directives, initial_age, lifetime

Url: TypeAlias = tuple[str, str]
Selecting: TypeAlias = tuple[tuple[str, str], ...]
Key: TypeAlias = tuple[Url, Selecting]
"""What requests have in common that wait for the same answer."""

NOT_STORED = ("age", "set-cookie", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization")
"""Fields that are not the stored response's: they told how old it was, or were for one client or one hop."""

VARIANTS = 32
"""Responses kept for one URL: a client that invents values for a field of Vary must not fill the store."""

UNORDERED = frozenset({"accept", "accept-encoding", "accept-language", "accept-charset"})
"""Fields of requests whose case and order mean nothing: preferences are told by weights (RFC 9110 §12.5)."""

PURGES_REMEMBERED = 1_000


def selecting(names: tuple[str, ...], fields: Fields) -> Selecting:
    """Return the values of a request that choose among variants, without differences that mean nothing (RFC 9111 §4.1)."""
    found = []
    for name in names:
        elements = fields.elements(name)
        if name in UNORDERED:
            elements = sorted(element.lower().replace(" ", "") for element in elements)
        found.append((name, ",".join(elements)))
    return tuple(found)


@dataclass(slots=True, eq=False)
class Stored:
    """A response that is kept, with what is known of its age."""

    url: Url
    selecting: Selecting
    status: int
    fields: Fields
    body: bytes
    received: float
    initial_age: float
    lifetime: float
    directives: dict[str, str]
    tags: frozenset[str]
    retry_at: float = field(default=-float("inf"))
    """When the origin, which has failed, may be asked for it again."""

    @classmethod
    def of(cls, request: Request, response: Response, body: bytes) -> Stored:
        """Return a response as it is kept."""
        names = tuple(sorted({name.lower() for name in response.fields.elements("vary")}))
        return cls(
            request.url,
            selecting(names, request.fields),
            response.status,
            response.fields.without(NOT_STORED),
            body,
            response.received,
            initial_age(response),
            lifetime(response),
            directives(response.fields),
            frozenset(response.fields.elements("cache-tag")),
        )

    def answers(self, request: Request) -> bool:
        """Tell whether it is the variant that a request for its URL wants."""
        return self.selecting == selecting(tuple(name for name, _ in self.selecting), request.fields)

    def age(self, now: float) -> float:
        """Return how old it is [s]."""
        return self.initial_age + max(0.0, now - self.received)

    def ttl(self, now: float) -> float:
        """Return how long it is still fresh [s]; negative when it is stale."""
        return self.lifetime - self.age(now)

    def is_fresh(self, now: float) -> bool:
        """Tell whether it may be served without a word to the origin."""
        return self.ttl(now) > 0

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.body) + sum(len(name) + len(value) + 100 for name, value in self.fields)


class Store:
    """Stored responses in memory.

    Args:
        capacity: How many bytes they may take together.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._by_url: OrderedDict[Url, list[Stored]] = OrderedDict()
        self._tagged: dict[str, set[Url]] = {}
        self._purged: deque[Url | str] = deque(maxlen=PURGES_REMEMBERED)
        self.purges = 0
        """Purges so far: what was asked of the origin before one must not be stored behind it."""
        self.size = 0

    def select(self, request: Request) -> Stored | None:
        """Return the stored response that a request may be answered with, if it is fresh or found to be still the same."""
        for stored in self._by_url.get(request.url, ()):
            if stored.answers(request):
                self._by_url.move_to_end(request.url)
                return stored
        return None

    def key(self, request: Request) -> Key:
        """Return the key of a request, as far as is known before its answer comes: by what the last one has varied."""
        stored = self._by_url.get(request.url)
        names = tuple(name for name, _ in stored[0].selecting) if stored else ()
        return request.url, selecting(names, request.fields)

    def put(self, stored: Stored, purges: int) -> bool:
        """Keep a response in the place of an earlier one.

        Args:
            stored: The response.
            purges: What `purges` was when its request was sent. If it, or its tag, was purged since, it is not kept.
        """
        since = self.purges - purges
        if since > len(self._purged) or stored.size > self._capacity:
            return False
        recent = list(self._purged)[len(self._purged) - since :]
        if any(what == stored.url or what in stored.tags for what in recent):
            return False
        self._forget([other for other in self._by_url.get(stored.url, ()) if other.selecting == stored.selecting])
        self._by_url.setdefault(stored.url, []).insert(0, stored)
        self.size += stored.size
        for tag in stored.tags:
            self._tagged.setdefault(tag, set()).add(stored.url)
        self._by_url.move_to_end(stored.url)
        self._forget(self._by_url[stored.url][VARIANTS:])
        while self.size > self._capacity:
            self._forget(list(next(iter(self._by_url.values()))))
        return True

    def drop(self, stored: Stored) -> None:
        """Forget one response, if it is still there."""
        if stored in self._by_url.get(stored.url, ()):
            self._forget([stored])

    def purge(self, url: Url) -> int:
        """Forget all variants of a URL; return how many there were."""
        return self._purge(url, list(self._by_url.get(url, ())))

    def purge_tag(self, tag: str) -> int:
        """Forget all responses that carry a tag (Cache-Tag); return how many there were."""
        urls = self._tagged.get(tag, set())
        return self._purge(tag, [stored for url in urls for stored in self._by_url[url] if tag in stored.tags])

    def _purge(self, what: Url | str, gone: list[Stored]) -> int:
        self.purges += 1
        self._purged.append(what)
        self._forget(gone)
        return len(gone)

    def _forget(self, gone: list[Stored]) -> None:
        for stored in gone:
            left = self._by_url[stored.url]
            left.remove(stored)
            self.size -= stored.size
            for tag in stored.tags - {tag for other in left for tag in other.tags}:
                self._tagged[tag].discard(stored.url)
                if not self._tagged[tag]:
                    del self._tagged[tag]
            if not left:
                del self._by_url[stored.url]

"""Edge: answers from what it has stored, and asks its origin for the rest, once for all who ask at the same time."""

from __future__ import annotations

import asyncio
import http
import json
import time
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from sysdesign.distributed.cdn.conditions import CONDITIONS, conditioned, renewed, validators
from sysdesign.distributed.cdn.flights import Flights, Result, discard
from sysdesign.distributed.cdn.messages import Fields, Request, Response
from sysdesign.distributed.cdn.origin import Origin, Unanswered
from sysdesign.distributed.cdn.rules import ERRORS, directives, may_store, stale_if_error, stale_while_revalidate
from sysdesign.distributed.cdn.settings import Settings
from sysdesign.distributed.cdn.store import Store, Stored, Url

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

UNKEYED = (
    "forwarded", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-scheme", "x-forwarded-server",
    "x-host", "x-original-url", "x-rewrite-url", "x-http-method-override",
)  # fmt: skip
"""Fields from which origins are known to build answers, and which do not choose a stored one: no client may set them."""


class Edge:
    """A cache before one origin.

    Args:
        settings: How it works.
        origin: Whom it asks.
        clock: Seconds since 1970.
    """

    def __init__(self, settings: Settings, origin: Origin, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._origin, self._clock = settings, origin, clock
        self._store = Store(settings.store_bytes)
        self._flights = Flights(clock)

    def at_once(self, request: Request) -> Response | None:
        """Return an answer that nobody has to be asked for: a fresh one, or a stale one that is renewed meanwhile."""
        if request.method not in ("GET", "HEAD") or request.body:
            return None
        stored, now = self._store.select(request), self._clock()
        if stored is None:
            return self._told(504, "fwd=miss") if "only-if-cached" in directives(request.fields) else None
        postponed = now < stored.retry_at and self._may_be_stale(stored)
        if not (stored.is_fresh(now) or postponed):
            if -stored.ttl(now) >= stale_while_revalidate(stored.directives):
                return None
            if now >= stored.retry_at:
                self._fly(request, stored).add_done_callback(discard)
        return self._served(request, stored, "hit")

    async def answer(self, request: Request) -> Response:
        """Return the answer to a request that `at_once` has none for."""
        stored = self._store.select(request)
        why = "stale" if stored else "miss"
        try:
            if request.method != "GET" or request.body or _is_special(request, stored):
                return await self._pass_on(request, why)
            return await self._through_a_flight(request, stored, why)
        except Unanswered as failure:
            return self._told(failure.status, f"fwd={why}")

    async def _through_a_flight(self, request: Request, stored: Stored | None, why: str) -> Response:
        """Ask the origin, or wait for the answer to who has asked it the same."""
        key = self._store.key(request)
        if _is_for_one(request) or self._flights.goes_alone(key):
            return self._landed(request, await self._fetch(request, stored), why)
        joined = self._flights.under_way(key)
        flight = self._fly(request, stored)
        try:
            result = await asyncio.shield(flight)
        except asyncio.CancelledError:  # the client is gone; others may wait
            if not joined:
                flight.add_done_callback(discard)
            raise
        if not joined:
            return self._landed(request, result, why)
        if isinstance(result, Stored) and result.answers(request) and self._may_share(result):
            return self._served(request, result, f"fwd={why}; collapsed")
        if self._store.key(request) != key:  # it has turned out to vary: others may want the same variant
            return self.at_once(request) or await self.answer(request)
        return self._landed(request, await self._fetch(request, self._store.select(request)), why)

    def _fly(self, request: Request, stored: Stored | None) -> asyncio.Task[Result]:
        return self._flights.join(self._store.key(request), lambda: self._fetch(request, stored))

    def _may_share(self, stored: Stored) -> bool:
        """Tell whether those may have it too who asked while it was fetched: it is fresh, or the best that can be had."""
        now = self._clock()
        return stored.is_fresh(now) or stored.retry_at > now

    async def _fetch(self, request: Request, stored: Stored | None) -> Result:
        """Ask the origin, about what is stored if something is. Raises Unanswered if there is not even a stale answer."""
        purges = self._store.purges
        try:
            response = await self._origin.ask(Request("GET", request.target, self._outgoing(request, stored)))
            if response.status in ERRORS and stored is not None and self._may_be_stale(stored):
                response.discard()
                return self._postponed(stored)
            if response.status == 304 and stored is not None:
                fields = renewed(stored.fields, response.fields)
                response = Response(stored.status, fields, stored.body, response.asked, response.received)
            if may_store(request, response) and (body := await self._whole(response)) is not None:
                kept = Stored.of(request, response, body)
                self._store.put(kept, purges)
                return kept
        except Unanswered:
            if stored is None or not self._may_be_stale(stored):
                raise
            return self._postponed(stored)
        if stored is not None and response.status < 500:
            self._store.drop(stored)
        return response

    def _outgoing(self, request: Request, stored: Stored | None) -> Fields:
        """Return the fields of a request to the origin: never the client's conditions, for it is the whole that is stored."""
        fields = request.fields.without((*UNKEYED, *CONDITIONS))
        return Fields([*fields, *validators(stored.fields)]) if stored is not None else fields

    async def _whole(self, response: Response) -> bytes | None:
        """Return the whole body, or None if it is too large to be kept; then it is as if nothing of it had been read."""
        if isinstance(response.body, bytes):
            return response.body
        length, pieces, size = response.fields.get("content-length"), [], 0
        if length and int(length) > self._settings.object_bytes:
            return None
        async for piece in response.body:
            pieces.append(piece)
            size += len(piece)
            if size > self._settings.object_bytes:
                response.body.push_back(b"".join(pieces))
                return None
        return b"".join(pieces)

    def _may_be_stale(self, stored: Stored) -> bool:
        allowed = stale_if_error(stored.directives, self._settings.stale_seconds)
        return -stored.ttl(self._clock()) < allowed

    def _postponed(self, stored: Stored) -> Stored:
        """Leave the origin alone for a moment: a stale answer must not cost each client the wait for a dead origin."""
        stored.retry_at = self._clock() + self._settings.retry_seconds
        return stored

    async def _pass_on(self, request: Request, why: str) -> Response:
        """Let a request through to the origin, and the answer back, without keeping it."""
        fields = request.fields.without(UNKEYED)
        response = await self._origin.ask(Request(request.method, request.target, fields, request.body))
        if request.method not in SAFE and response.status < 400:
            self._invalidate(request, response.fields)
        return self._delivered(response, f"fwd={why if request.method in ('GET', 'HEAD') else 'method'}")

    def _invalidate(self, request: Request, fields: Fields) -> None:
        """Forget what a request has changed: its own URL, and what the answer names on the same host (RFC 9111 §4.4)."""
        host, target = request.url
        self.purge((host, target))
        for name in ("location", "content-location"):
            if value := fields.get(name):
                parts = urlsplit(urljoin(f"http://{host}{target}", value))
                if parts.netloc.lower() == host:
                    self.purge((host, parts.path + (f"?{parts.query}" if parts.query else "")))

    def purge(self, url: Url) -> int:
        """Forget a URL, also what is on its way; return how many responses were stored for it."""
        self._flights.forget()
        return self._store.purge(url)

    def purge_tag(self, tag: str) -> int:
        """Forget all that carries a tag, also what is on its way; return how many responses were stored with it."""
        self._flights.forget()
        return self._store.purge_tag(tag)

    def _landed(self, request: Request, result: Result, why: str) -> Response:
        how = f"fwd={why}"
        if isinstance(result, Stored):
            return self._served(request, result, how)
        return self._delivered(result, how)

    def _served(self, request: Request, stored: Stored, how: str) -> Response:
        """Answer with what is stored, as the client's conditions want it (RFC 9111 §4.3.2)."""
        now = self._clock()
        status, fields, body = conditioned(request, stored.status, stored.fields, stored.body)
        response = Response(status, Fields([*fields, ("Age", str(int(stored.age(now))))]), body)
        return self._delivered(response, f"{how}; ttl={int(stored.ttl(now))}")

    def _delivered(self, response: Response, how: str) -> Response:
        name = self._settings.name
        response.fields += [("Cache-Status", f"{name}; {how}"), ("Via", f"1.1 {name}")]
        return response

    def _told(self, status: int, how: str) -> Response:
        """Answer in the origin's place (RFC 9457)."""
        body = json.dumps({"type": "about:blank", "title": http.HTTPStatus(status).phrase, "status": status}).encode()
        return self._delivered(Response(status, Fields([("Content-Type", "application/problem+json")]), body), how)


def _is_special(request: Request, stored: Stored | None) -> bool:
    """Tell whether a GET wants what only the origin knows: conditions on its state, or a part of what is not stored."""
    fields = request.fields
    return bool(fields.get("if-match") or fields.get("if-unmodified-since") or (stored is None and fields.get("range")))


def _is_for_one(request: Request) -> bool:
    """Tell whether a request is not to be waited for: it can make an answer private which others would share."""
    return bool(request.fields.get("authorization") or "no-store" in directives(request.fields))

"""The entrance: a client's connection. It adds to that of 13 what happens between the head of a request and the choice of a backend."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from typing import TYPE_CHECKING, cast

from sysdesign.distributed.api_gateway.aggregation import compose
from sysdesign.distributed.api_gateway.callers import Caller
from sysdesign.distributed.api_gateway.configuration import Aggregate, Route
from sysdesign.distributed.api_gateway.decisions import UNKNOWN, Refusal, Told, rewritten
from sysdesign.distributed.rate_limiting import Unavailable
from sysdesign.storage.load_balancing.layer7 import ClientConnection
from sysdesign.storage.load_balancing.messages import END_OF_HEAD, KNOWN_BYTES

if TYPE_CHECKING:
    from sysdesign.distributed.api_gateway.gateway import Gateway

PRIVATE = re.compile(
    rb"\r\n(?:[Ss]erver|[Xx]-(?:[Pp]owered-[Bb]y|[Rr]equest-[Ii][Dd])|[Aa]ccess-[Cc]ontrol-[^:]*):[^\r\n]*"
)
"""What an answer does not tell outside: what the service is made of; and what the gateway tells itself."""

HEADS = 1_024
"""Heads of answers that are remembered: services tell most answers alike."""

NO_LABEL = "none"


class Answer:
    """Where answers go: the client's transport, and before it the gateway's last word on each head."""

    __slots__ = (
        "_connection", "_write", "abort", "close", "due", "is_closing", "pause_reading", "resume_reading", "write_eof",
    )  # fmt: skip

    def __init__(self, transport: asyncio.Transport, connection: Entrance) -> None:
        self._connection, self._write = connection, transport.write
        self.abort, self.close, self.is_closing = transport.abort, transport.close, transport.is_closing
        self.pause_reading, self.resume_reading = transport.pause_reading, transport.resume_reading
        self.write_eof = transport.write_eof
        self.due = True
        """Whether the head of an answer comes next."""

    def write(self, data: bytes) -> None:
        """Send on a piece of an answer; its first one begins with its head. An informational one (RFC 9110 §15.2) is not yet the answer."""
        if self.due and not data.startswith(b"HTTP/1.1 1"):
            self.due = False
            data = self._connection.headed(data)
        self._write(data)


class Entrance(ClientConnection):
    """A client's connection to the gateway."""

    __slots__ = (
        "_allowance",
        "_answer_to",
        "_began",
        "_decisions",
        "_fields",
        "_gateway",
        "_head_end",
        "_id",
        "_label",
        "_rest",
        "_told",
    )

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.front)
        self._gateway = gateway
        self._rest = b""  # what the request before said behind its first line …
        self._head_end = 0  # … where in it the fields end, what they told, and by which configuration
        self._told, self._decisions = gateway.decisions.read(b""), gateway.decisions
        self._allowance = 0  # bytes of the body that may still come
        self._begin()

    def _begin(self) -> None:
        """Forget the request before."""
        self._label, self._began = NO_LABEL, time.monotonic()
        self._fields = b""  # more that the client is told
        self._id = self._gateway.new_id()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a client."""
        super().connection_made(transport)
        self._answer_to = Answer(self.transport, self)
        self.transport = cast("asyncio.Transport", self._answer_to)

    def _send_on(self, data: bytes) -> None:
        """Decide on a request whose head has come; count what comes of its body."""
        if self._upstream is None and self._connecting is None:
            self._began = time.monotonic()
            try:
                self._enter(data)
            except Refusal as refusal:
                self._refuse(refusal)
        elif (left := self._allowance - len(data)) < 0:
            self._let_go()
            self._refuse(Refusal(413))
        else:
            self._allowance = left
            super()._send_on(data)

    def _enter(self, data: bytes) -> None:
        """Let a request in, or raise Refusal."""
        gateway, method = self._gateway, self.reader.method
        decisions = gateway.decisions
        line_end = data.index(b"\r\n")
        rest = data[line_end:]
        if rest != self._rest or decisions is not self._decisions:  # as in 13: who sends fields often sends them again
            head_end = rest.index(END_OF_HEAD)
            self._told, self._head_end = decisions.read(rest[:head_end]), head_end
            # Who is not believed now may be later.
            lasting = len(rest) <= KNOWN_BYTES and self._told.doubt is not UNKNOWN
            self._rest, self._decisions = rest if lasting else b"", decisions
        told = self._told
        self._fields = told.shared
        path, _, query = data[len(method) + 1 : line_end - 9].partition(b"?")
        if method == b"OPTIONS" and told.wanted and told.origin:
            self._fields += decisions.preflight(path, told)
            self._reply(204)
            return
        place = decisions.place(path)
        what = place.what
        self._label = what.path
        caller = decisions.admit(place, method, told)
        if isinstance(what, Aggregate):
            self._wait_for(self._compose(what, told))
        elif not what.service:
            self._reply(200, gateway.metrics.text(), b"text/plain; version=0.0.4")
        else:
            body = rest[self._head_end :]
            self._allowance = gateway.configuration.body_bytes - len(body) + len(END_OF_HEAD)
            if self._allowance < 0:
                raise Refusal(413)
            target = rewritten(what, path) + b"?" + query if query else rewritten(what, path)
            head = (method, target, told.lines, self._id, caller.fields, body)
            self._admit(what, caller, b"%b %b HTTP/1.1%b\r\nX-Request-Id: %b%b%b" % head)

    def _admit(self, route: Route, caller: Caller, request: bytes) -> None:
        """Count a request against the caller's limit, and send it on."""
        if route.limited:
            bucket = self._gateway.bucket
            key = caller.name or self.reader.key.decode()  # without a name, the client's address
            if self._gateway.bucket_is_elsewhere:
                self._request = request
                self._wait_for(self._admit_elsewhere(route, caller, key))
                return
            if not bucket.admit(key) and not (decision := bucket.take(key)).admitted:
                raise too_many(decision.retry_after)
        self._ask_service(route, caller, request)

    async def _admit_elsewhere(self, route: Route, caller: Caller, key: str) -> None:
        """Do the same where the bucket is asked over the network."""
        gateway = self._gateway
        refusal = None
        try:
            decision = await asyncio.get_running_loop().run_in_executor(None, gateway.bucket.take, key)
        except Unavailable:
            refusal = None if gateway.configuration.limit.when_unavailable == "open" else Refusal(503)
        else:
            refusal = None if decision.admitted else too_many(decision.retry_after)
        request, self._request, self._connecting = self._request, b"", None
        if refusal is None:
            self._ask_service(route, caller, request)
        else:
            self._refuse(refusal)

    def _ask_service(self, route: Route, caller: Caller, request: bytes) -> None:
        """Go on as 13 does, with the pool of the service."""
        service = self._balancer = self._gateway.service(route.service, caller.name)
        self._limits = service.settings.limits
        super()._send_on(request)

    async def _compose(self, place: Aggregate, told: Told) -> None:
        """Answer with several answers in one."""
        body = await compose(self._gateway, place, told, self._id)
        self._connecting = None
        self._reply(200, body, b"application/json")

    def _wait_for(self, work: object) -> None:
        """Let something be done first; the request is given up with it."""
        self.reader.out.clear()
        self.deadline = float("inf")  # it has limits of its own
        self._connecting = asyncio.get_running_loop().create_task(work)  # type: ignore[arg-type]

    def _refuse(self, refusal: Refusal) -> None:
        self.reader.out.clear()
        self._fields += refusal.fields
        self._answer(refusal.status)

    def _reply(self, status: int, body: bytes = b"", kind: bytes = b"text/plain") -> None:
        """Give an answer of the gateway's own."""
        self.reader.out.clear()
        close = not (self.reader.complete and self.reader.keep_alive)
        length = b"\r\nContent-Type: %b\r\nContent-Length: %d" % (kind, len(body)) if status != 204 else b""
        head = b"HTTP/1.1 %d OK%b%b\r\n\r\n" % (status, length, b"\r\nConnection: close" * close)
        self.transport.write(head + (body if self.reader.method != b"HEAD" else b""))
        self.answered(close=close)

    def headed(self, data: bytes) -> bytes:
        """Count an answer that begins, and return it with a head that is the gateway's."""
        self._gateway.metrics.answered(self._label, data[9:12], time.monotonic() - self._began)
        end = data.index(b"\r\n\r\n")
        head = data[:end]
        head = _told_again(head) if end <= KNOWN_BYTES else _told_outside(head)
        return b"%b\r\nX-Request-Id: %b%b%b" % (head, self._id, self._fields, data[end:])

    def _next(self) -> None:
        """Be ready for the next request."""
        self._answer_to.due = True
        self._begin()
        super()._next()

    def broken_off(self) -> None:
        """Count an answer that stops in the middle."""
        self._gateway.metrics.cut[self._label] += 1
        super().broken_off()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        super().connection_lost(exc)
        self._gateway.front.clients.discard(self)


def _told_outside(head: bytes) -> bytes:
    """Return the head of an answer without what is private."""
    return PRIVATE.sub(b"", head)


_told_again = functools.lru_cache(HEADS)(_told_outside)


def too_many(seconds: float) -> Refusal:
    """Return the refusal of a caller that came too often; whole seconds are rounded up, or who comes back then is refused again."""
    return Refusal(429, b"\r\nRetry-After: %d" % max(1, -int(-seconds // 1)))

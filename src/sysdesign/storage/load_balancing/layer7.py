"""Layer 7: the balancer reads every request and chooses a backend for each, whatever connection it came on.

A ClientConnection owns a request from its first byte to the last one of its answer; as long as it may be sent again, it keeps it. A
BackendConnection serves one request after the other, for any client; in between it waits in its backend's `idle`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from sysdesign.storage.load_balancing.backends import Backend
from sysdesign.storage.load_balancing.messages import HEAD_BYTES, Malformed, problem
from sysdesign.storage.load_balancing.requests import CONTINUE, RequestReader
from sysdesign.storage.load_balancing.retries import IDEMPOTENT
from sysdesign.storage.load_balancing.upstream import BackendConnection

if TYPE_CHECKING:
    from sysdesign.storage.load_balancing.balancer import Balancer

LINGER_SECONDS = 1.0
"""How long a client may still talk when its connection ends: closed at once, it might lose the last answer."""


class ClientConnection(asyncio.Protocol):
    """A client's connection, and the request that is at work on it."""

    __slots__ = (
        "_backend", "_balancer", "_connecting", "_ending", "_limits", "_request", "_retries", "_tried", "_upstream",
        "_waiting", "clogged", "deadline", "reader", "transport",
    )  # fmt: skip

    def __init__(self, balancer: Balancer) -> None:
        self._balancer, self._limits = balancer, balancer.settings.limits
        self._backend: Backend | None = None  # the one that is asked
        self._connecting: asyncio.Task[None] | None = None
        self._upstream: BackendConnection | None = None
        self._request = b""  # what has been sent on, as long as it may be sent again
        self._tried: tuple[Backend, ...] = ()
        self._retries = 0
        self._waiting = b""  # what came before its turn
        self.clogged = False  # the client does not read what it is sent
        self._ending = False
        self.deadline = balancer.now + self._limits.idle_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a client, if there is room for one more."""
        self.transport = cast("asyncio.Transport", transport)
        address = str(transport.get_extra_info("peername")[0])
        forwarded = f"X-Forwarded-For: {address}\r\nVia: 1.1 sysdesign\r\n".encode()
        self.reader = RequestReader(forwarded, self._balancer.settings.affinity.encode(), address.encode())
        self._balancer.clients.add(self)
        if len(self._balancer.clients) > self._limits.clients:
            self._answer(503, close=True)

    def data_received(self, data: bytes) -> None:
        """Read on in the request, and send on what has been read."""
        reader = self.reader
        if self._waiting:
            data, self._waiting = self._waiting + data, b""
        if reader.complete or self.clogged or self._ending:  # the answer before comes first, and must be read first
            self._keep_waiting(data)
            return
        if not reader.begun:
            self.deadline = self._balancer.now + self._limits.request_seconds
        try:
            self._waiting = reader.feed(data)
        except Malformed as refusal:
            self._let_go()
            self._answer(refusal.status, close=True)
            return
        if reader.out:
            self._send_on(b"".join(reader.out))

    def _keep_waiting(self, data: bytes) -> None:
        if not self._ending:
            self._waiting = data
            if len(data) > HEAD_BYTES:
                self.transport.pause_reading()

    def _send_on(self, data: bytes) -> None:
        self.reader.out.clear()
        if self._upstream is not None:
            self._request = b""  # it was sent in pieces, and they are gone
            self._upstream.send(data)
            self._wait()
        elif self._connecting is not None:
            self._request += data
        else:
            self._balancer.budget.deposit()
            self._request = data
            if self.reader.expects and not self.reader.complete:
                self.transport.write(CONTINUE)
            self._ask()

    def _ask(self, otherwise: int = 503) -> None:
        """Choose a backend and send it the request; without one, tell the client."""
        backend = self._balancer.pool.pick(self.reader.key, self._tried)
        if backend is None:
            self._answer(otherwise)
            return
        self._backend = backend
        backend.requests += 1
        backend.in_flight += 1
        if backend.idle:
            self._use(backend.idle.pop())
        else:
            if not self.reader.complete:
                self.transport.pause_reading()
            self._connecting = asyncio.get_running_loop().create_task(self._connect(backend))

    async def _connect(self, backend: Backend) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._limits.connect_seconds):
                _, connection = await loop.create_connection(
                    lambda: BackendConnection(self._balancer, backend), backend.host, backend.port
                )
        except (OSError, TimeoutError) as refusal:
            self._connecting = None
            self.failed(504 if isinstance(refusal, TimeoutError) else 502, sent=False)
        else:
            self._connecting = None
            self._use(connection)

    def _use(self, connection: BackendConnection) -> None:
        self._upstream = connection
        self._wait()
        connection.ask(self, self._request)
        if not self.reader.complete:
            self.transport.resume_reading()

    def _wait(self) -> None:
        """Begin to wait for the answer, or for the rest of the request."""
        limits = self._limits
        seconds = limits.response_seconds if self.reader.complete else limits.request_seconds
        self.deadline = self._balancer.now + seconds

    def failed(self, status: int, *, sent: bool, blamed: bool = True) -> None:
        """Try elsewhere if the request may be tried again, or tell the client.

        Args:
            status: What the client is told: 502, or 504 if it was waited for.
            sent: Whether the backend may have acted: then only an idempotent request is sent again.
            blamed: Whether the backend is to blame, and not only a connection that it had kept for long.
        """
        backend = self._leave()
        if blamed and backend is not None:
            self._balancer.pool.failed(backend)
            self._tried += (backend,)
        again = self._request and (not sent or self.reader.method in IDEMPOTENT)
        if again and self._retries < self._balancer.settings.retries and self._balancer.budget.withdraw():
            self._retries += 1
            self._ask(otherwise=status)
        else:
            self._answer(status)

    def broken_off(self) -> None:
        """End with a client whose answer stops in the middle: it must not take it for whole."""
        self._let_go()
        self.transport.abort()

    def answered(self, *, close: bool) -> None:
        """End a request whose answer has been written; begin the next one."""
        self._leave()
        if close or not (self.reader.complete and self.reader.keep_alive):
            self._end()
        else:
            self._next()

    def _answer(self, status: int, *, close: bool = False) -> None:
        """Answer in the backend's place."""
        close = close or not (self.reader.complete and self.reader.keep_alive)
        self.transport.write(problem(status, body=self.reader.method != b"HEAD", close=close))
        if close:
            self._end()
        else:
            self._next()

    def _next(self) -> None:
        self._tried, self._retries = (), 0
        self.reader.start()
        self.deadline = self._balancer.now + self._limits.idle_seconds
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._catch_up)  # not at once: there may be a thousand more behind it

    def _catch_up(self) -> None:
        if self._waiting and not self.transport.is_closing():
            self.transport.resume_reading()
            self.data_received(b"")

    def _end(self) -> None:
        """Say that this was the last answer, and wait a moment for the client to hang up."""
        self._ending, self._waiting = True, b""
        self.deadline = self._balancer.now + LINGER_SECONDS
        if not self.transport.is_closing():
            self.transport.write_eof()
            self.transport.resume_reading()

    def _let_go(self) -> None:
        """Give up the request that is at work."""
        if self._connecting is not None:
            self._connecting.cancel()
            self._connecting = None
        if self._upstream is not None:
            self._upstream.abandon()
        self._leave()

    def _leave(self) -> Backend | None:
        """Have no backend any more; return the one that was asked."""
        backend, self._backend, self._upstream = self._backend, None, None
        if backend is not None:
            backend.in_flight -= 1
        return backend

    def expired(self) -> None:
        """Do what the end of a time limit demands."""
        upstream = self._upstream
        if self._backend is None and self.reader.begun and not self._ending:
            self._answer(408, close=True)
        elif self._backend is None:
            self.transport.abort()
        elif upstream is None:
            return  # connecting has a limit of its own
        elif upstream.begun:
            self.broken_off()
        elif not self.reader.complete and not upstream.clogged:
            self._let_go()
            self._answer(408, close=True)
        else:
            upstream.abandon()
            self.failed(504, sent=True)

    def pause_writing(self) -> None:
        """Read no faster from the backend than the client reads from us."""
        self.clogged = True
        if self._upstream is not None:
            self._upstream.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self.clogged = False
        if self._upstream is not None:
            self._upstream.transport.resume_reading()
        self._catch_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, and the request that nobody waits for any more."""
        del exc
        self._let_go()
        self._balancer.clients.discard(self)

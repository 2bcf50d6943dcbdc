"""Upstream: the balancer's connections to its backends, on layer 7."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from sysdesign.storage.load_balancing.backends import Backend
from sysdesign.storage.load_balancing.messages import Malformed
from sysdesign.storage.load_balancing.responses import ResponseReader

if TYPE_CHECKING:
    from sysdesign.storage.load_balancing.balancer import Balancer
    from sysdesign.storage.load_balancing.layer7 import ClientConnection


class BackendConnection(asyncio.Protocol):
    """A connection to a backend, and the client that it works for."""

    __slots__ = ("_backend", "_balancer", "_client", "_limits", "_reader", "_used", "clogged", "deadline", "transport")

    def __init__(self, balancer: Balancer, backend: Backend) -> None:
        self._balancer, self._backend, self._limits = balancer, backend, balancer.settings.limits
        self._client: ClientConnection | None = None
        self._reader = ResponseReader()
        self._used = 0
        self.clogged = False  # the backend does not read what it is sent
        self.deadline = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self.transport = cast("asyncio.Transport", transport)

    @property
    def begun(self) -> bool:
        """Whether the answer has begun, and so cannot be another's any more."""
        return self._reader.begun

    def ask(self, client: ClientConnection, request: bytes) -> None:
        """Send a client's request; its answer goes to the client."""
        self._client = client
        self._used += 1
        reader = client.reader
        self._reader.start(reader.method, persistent=reader.persistent, close=not reader.keep_alive)
        self.transport.write(request)

    def send(self, data: bytes) -> None:
        """Send more of the request."""
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        """Read on in the answer, and pass on what has been read."""
        client, reader = self._client, self._reader
        if client is None:  # nobody has asked
            self.transport.abort()
            return
        try:
            reader.feed(data)
        except Malformed:
            if not (reader.begun and reader.complete):
                self._lose(client)
                return
            reader.keep_alive = False  # what came behind the answer is nobody's
        if reader.out:
            client.transport.write(b"".join(reader.out))
            reader.out.clear()
        if reader.complete:
            self._finish(client)
        else:
            client.deadline = self._balancer.now + self._limits.response_seconds

    def _finish(self, client: ClientConnection) -> None:
        backend, limits = self._backend, self._limits
        self._client = None
        backend.health.succeeded()
        usable = self._reader.keep_alive and client.reader.complete and not backend.draining
        if usable and not self.clogged and len(backend.idle) < limits.idle_connections:
            self.deadline = self._balancer.now + limits.idle_seconds
            backend.idle.append(self)
            if client.clogged:
                self.transport.resume_reading()
        else:
            self.transport.abort()
        client.answered(close=self._reader.close)

    def _lose(self, client: ClientConnection, *, blamed: bool = True) -> None:
        """End with an answer that cannot be had here."""
        begun = self._reader.begun
        self.abandon()
        if begun:
            client.broken_off()
        else:
            client.failed(502, sent=True, blamed=blamed)

    def abandon(self) -> None:
        """Give up the answer, and with it the connection."""
        self._client = None
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave the idle ones; or end the answer, which may be meant so."""
        client, reader = self._client, self._reader
        if client is None:
            if self in self._backend.idle:
                self._backend.idle.remove(self)
        elif exc is None and reader.until_close:
            self._client = None
            client.answered(close=True)
        else:
            self._lose(client, blamed=self._used == 1)

    def pause_writing(self) -> None:
        """Hold the client while the backend does not read."""
        self.clogged = True
        if self._client is not None:
            self._client.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self.clogged = False
        if self._client is not None:
            self._client.transport.resume_reading()

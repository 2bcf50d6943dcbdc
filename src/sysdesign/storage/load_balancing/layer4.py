"""Layer 4: the balancer chooses a backend for each connection and passes bytes, whatever they mean.

It costs less, and knows less: all requests of a connection go to one backend, and none is sent again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from sysdesign.storage.load_balancing.backends import Backend

if TYPE_CHECKING:
    from sysdesign.storage.load_balancing.balancer import Balancer


class TunnelEnd(asyncio.Protocol):
    """One end of a tunnel: what comes in here goes out at the other, no faster than it is read there."""

    transport: asyncio.Transport
    other: TunnelEnd | None = None
    early = b""

    def __init__(self, balancer: Balancer) -> None:
        self._balancer = balancer
        self.deadline = balancer.now + balancer.settings.limits.idle_seconds

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Pass on what came, or keep it until there is another end."""
        if self.other is None:
            self.early += data
            self.transport.pause_reading()
            return
        self.other.transport.write(data)
        self.deadline = self.other.deadline = self._balancer.now + self._balancer.settings.limits.idle_seconds

    def eof_received(self) -> bool:
        """Pass on the end of one way; the other stays open."""
        if self.other is not None and not self.other.transport.is_closing():
            self.other.transport.write_eof()
        return True

    def pause_writing(self) -> None:
        """Hold the other end while nobody reads at this one."""
        if self.other is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        if self.other is not None:
            self.other.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the other end as this one has ended."""
        other, self.other = self.other, None
        if other is not None:
            other.transport.abort() if exc else other.transport.close()


class Tunnel(TunnelEnd):
    """The client's end, which finds a backend for its connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to look for a backend."""
        super().connection_made(transport)
        self._backend: Backend | None = None
        self._balancer.clients.add(self)
        self._key = str(transport.get_extra_info("peername")[0]).encode()
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        loop, tried, pool = asyncio.get_running_loop(), list[Backend](), self._balancer.pool
        while len(tried) <= self._balancer.settings.retries and (backend := pool.pick(self._key, tried)) is not None:
            self._backend = backend
            backend.requests += 1
            backend.in_flight += 1
            try:
                async with asyncio.timeout(self._balancer.settings.limits.connect_seconds):
                    _, self.other = await loop.create_connection(
                        lambda: TunnelEnd(self._balancer), backend.host, backend.port
                    )
            except (OSError, TimeoutError):
                self._leave()
                pool.failed(backend)
                tried.append(backend)
            else:
                backend.health.succeeded()
                self.other.other = self
                self.other.transport.write(self.early)
                self.transport.resume_reading()
                return
        self.transport.abort()

    def _leave(self) -> None:
        if self._backend is not None:
            self._backend.in_flight -= 1
            self._backend = None

    def expired(self) -> None:
        """End a tunnel through which nothing has passed for long."""
        if self.other is not None:
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._connecting.cancel()
        self._leave()
        self._balancer.clients.discard(self)
        super().connection_lost(exc)

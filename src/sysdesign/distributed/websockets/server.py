"""A node's connections: accepted, looked at for signs of life, and told when the node goes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from websockets.extensions.base import ServerExtensionFactory
from websockets.frames import CloseCode

from .connection import Application, Connection, Limits

BACKLOG = 4_096
LOOKS = 4
"""How often connections are looked at while a silent one has its time: one walk over all costs less than a timer for each."""


class Server:
    """Serves an application on WebSockets.

    Args:
        application: What happens on a connection.
        limits: What a connection may take.
        origins: The origins of pages that may connect; None for everyone.
        extensions: Extensions that connections may use.
    """

    def __init__(
        self,
        application: Application,
        limits: Limits | None = None,
        origins: Sequence[str] | None = None,
        extensions: Sequence[ServerExtensionFactory] = (),
    ) -> None:
        self._application, self._limits = application, limits or Limits()
        self._origins, self._extensions = origins, extensions
        self.connections: set[Connection] = set()

    def _connection(self) -> Connection:
        return Connection(self._application, self._limits, self.connections, self._origins, self._extensions)

    async def serve(self, host: str, port: int) -> None:
        """Serve until cancelled; then tell the clients to go elsewhere, and give them time to close."""
        loop, limits = asyncio.get_running_loop(), self._limits
        listener = await loop.create_server(self._connection, host, port, backlog=BACKLOG)
        pause = min(limits.ping_seconds, limits.pong_seconds, limits.handshake_seconds) / LOOKS
        try:
            while True:
                await asyncio.sleep(pause)  # one look at all, instead of thousands of timers
                for connection in list(self.connections):
                    connection.check()
        finally:
            listener.close()
            for connection in list(self.connections):
                connection.close(CloseCode.GOING_AWAY, "this node is going")
            async with asyncio.timeout(limits.handshake_seconds):
                while self.connections:  # noqa: ASYNC110 - once in a node's life
                    await asyncio.sleep(pause / LOOKS)

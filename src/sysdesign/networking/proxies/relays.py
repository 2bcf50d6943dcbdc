"""Relays: bytes carried both ways between two connections, for the end of TLS and for tunnels."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading

PIECE_BYTES = 65_536
HANDSHAKE_SECONDS = 10.0


class Relays:
    """Couples connections, all of them in one thread.

    A side that does not read holds the other: no more than a few pieces of 64 KiB are ever under way.
    """

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Task[None]] = set()
        threading.Thread(target=self._loop.run_forever, name="relays", daemon=True).start()

    def couple(
        self, near: socket.socket, far: socket.socket, *, tls: ssl.SSLContext | None = None, first: bytes = b""
    ) -> None:
        """Carry bytes between two connections until both have ended; they are closed here. Returns at once.

        Args:
            near: The client's connection.
            far: The other one.
            tls: With it, the near side is the server of TLS: what the far side gets and sends is in the clear.
            first: What the near side is sent before anything else.
        """
        for end in (near, far):
            end.settimeout(0)
            with contextlib.suppress(OSError):  # of two sockets in one process, none leads to a peer that could vanish
                end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._loop.call_soon_threadsafe(self._begin, near, far, tls, first)

    def _begin(self, near: socket.socket, far: socket.socket, tls: ssl.SSLContext | None, first: bytes) -> None:
        task = self._loop.create_task(self._carry_both_ways(near, far, tls, first))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _carry_both_ways(
        self, near: socket.socket, far: socket.socket, tls: ssl.SSLContext | None, first: bytes
    ) -> None:
        writers: list[asyncio.StreamWriter] = []
        try:
            far_reader, far_writer = await self._streams(far)
            writers.append(far_writer)
            near_reader, near_writer = await self._streams(near, tls)
            writers.append(near_writer)
            near_writer.write(first)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(near_reader, far_writer))
                ways.create_task(self._carry(far_reader, near_writer))
            for writer in writers:
                writer.close()
                await writer.wait_closed()
        except* OSError:  # who breaks off, breaks off both ways
            for writer in writers:
                writer.transport.abort()
            near.close()
            far.close()

    async def _streams(
        self, end: socket.socket, tls: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader = asyncio.StreamReader(PIECE_BYTES, self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport, _ = await self._loop.connect_accepted_socket(
            lambda: protocol, end, ssl=tls, ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, self._loop)

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        """Carry one way until its end, and tell the end: TLS has no half of it, and ends as a whole."""
        while piece := await source.read(PIECE_BYTES):
            sink.write(piece)
            await sink.drain()
        if sink.can_write_eof():
            sink.write_eof()
        else:
            sink.close()
            await sink.wait_closed()

"""Origin: where an edge asks for what it does not have, over connections that it keeps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Self

from sysdesign.distributed.cdn.messages import Fields, Request, Response
from sysdesign.storage.load_balancing import Malformed, ResponseReader

READ_BYTES = 65_536
IDLE_CONNECTIONS = 64
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing: on a kept connection that ends just then, they are sent once more."""

FRAMING = ("connection", "transfer-encoding")


class Unanswered(Exception):  # noqa: N818 - what a request is
    """The origin gave no whole answer; `status` is what a client is told: 502, or 504 if it was waited for."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(repr(failure))
        self.status = 504 if isinstance(failure, TimeoutError) else 502


class Connection:
    """A connection to the origin; it serves one request after the other."""

    def __init__(self, incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        self._incoming, self._outgoing = incoming, outgoing
        self._reader = ResponseReader()

    @property
    def is_open(self) -> bool:
        """Whether it can still be used, as far as is known."""
        return not (self._incoming.at_eof() or self._outgoing.is_closing())

    @property
    def complete(self) -> bool:
        """Whether the whole response has been read."""
        return self._reader.complete

    @property
    def reusable(self) -> bool:
        """Whether another request may follow."""
        return self._reader.complete and self._reader.keep_alive and self.is_open

    async def ask(self, request: Request) -> tuple[bytes, bytes]:
        """Send a request; return its response's head, and what has come of the body. Raises EOFError, OSError, Malformed."""
        self._reader.start(request.method.encode(), persistent=False)  # so that bodies come out of their chunks
        line = f"{request.method} {request.target} HTTP/1.1\r\n".encode("latin-1")
        self._outgoing.write(line + request.fields.encoded() + b"\r\n" + request.body)
        while not self._reader.begun:
            await self._read()
        head, _, begin = self._taken().partition(b"\r\n\r\n")
        return head, begin

    async def more(self) -> bytes:
        """Return more of the body; nothing when that was all. Raises EOFError, OSError, Malformed."""
        piece = b""
        while not piece and not self._reader.complete:
            try:
                await self._read()
            except EOFError:
                if not self._reader.until_close:
                    raise
                break
            piece = self._taken()
        return piece

    def close(self) -> None:
        """Hang up."""
        self._outgoing.transport.abort()

    async def _read(self) -> None:
        data = await self._incoming.read(READ_BYTES)
        if not data:
            raise EOFError
        try:
            self._reader.feed(data)
        except Malformed:
            if not (self._reader.begun and self._reader.complete):
                raise
            self._reader.keep_alive = False  # what came behind the response is nobody's

    def _taken(self) -> bytes:
        data = b"".join(self._reader.out)
        self._reader.out.clear()
        return data


class Body:
    """The body of a response while it comes. Its connection goes back to the origin when it is all there.

    Args:
        origin: Whose it is.
        connection: Where it comes from.
        begin: What has come already.
    """

    def __init__(self, origin: Origin, connection: Connection, begin: bytes) -> None:
        self._origin, self._connection, self._begin = origin, connection, begin

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        """Return the next piece. Raises Unanswered if it breaks off."""
        piece, self._begin = self._begin, b""
        if not piece:
            try:
                async with asyncio.timeout(self._origin.response_seconds):
                    piece = await self._connection.more()
            except (OSError, EOFError, Malformed) as failure:
                self._connection.close()
                raise Unanswered(failure) from failure
        if not piece:
            self._origin.release(self._connection)
            raise StopAsyncIteration
        return piece

    def push_back(self, data: bytes) -> None:
        """Let it begin with these bytes."""
        self._begin = data + self._begin

    def close(self) -> None:
        """Read no more of it."""
        self._connection.close()


class Origin:
    """An HTTP server behind the edge: the origin itself, or another edge that shields it.

    Args:
        host, port: Where it listens.
        connect_seconds: How long a connection may take.
        response_seconds: How long it may be silent.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        host: str,
        port: int,
        connect_seconds: float,
        response_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._address, self._connect_seconds, self._clock = (host, port), connect_seconds, clock
        self.response_seconds = response_seconds
        self._idle: list[Connection] = []

    async def ask(self, request: Request) -> Response:
        """Return the response, whose body may still have to come. Raises Unanswered."""
        try:
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open:
                    try:
                        return await self._ask(connection, request)
                    except (ConnectionError, EOFError):
                        if request.method not in REPEATABLE:
                            raise
                        break
            async with asyncio.timeout(self._connect_seconds):
                connection = Connection(*await asyncio.open_connection(*self._address))
            return await self._ask(connection, request)
        except (OSError, EOFError, Malformed) as failure:  # a TimeoutError is an OSError
            raise Unanswered(failure) from failure

    async def _ask(self, connection: Connection, request: Request) -> Response:
        asked = self._clock()
        try:
            async with asyncio.timeout(self.response_seconds):
                head, begin = await connection.ask(request)
        except BaseException:
            connection.close()
            raise
        response = Response(int(head[9:12]), Fields.parse(head).without(FRAMING), begin, asked, self._clock())
        if not response.fields.get("date"):  # RFC 9110 §6.6.1: who has a clock adds it
            response.fields.append(("Date", formatdate(response.received, usegmt=True)))
        if connection.complete:
            self.release(connection)
        else:
            response.body = Body(self, connection, begin)
        return response

    def release(self, connection: Connection) -> None:
        """Keep a connection for the next request, if it can be used again."""
        if connection.reusable and len(self._idle) < IDLE_CONNECTIONS:
            self._idle.append(connection)
        else:
            connection.close()

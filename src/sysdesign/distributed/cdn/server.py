"""Server: the connections of an edge's clients."""

from __future__ import annotations

import asyncio
import http
from pathlib import Path
from typing import cast

from sysdesign.distributed.cdn.administration import administer
from sysdesign.distributed.cdn.edge import Edge
from sysdesign.distributed.cdn.messages import Fields, Pieces, Request, Response
from sysdesign.distributed.cdn.origin import Unanswered
from sysdesign.distributed.cdn.settings import Settings
from sysdesign.storage.load_balancing import Malformed, RequestReader

REQUEST_BYTES = 1_048_576
"""The largest request, with its body: an edge is for reading."""

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in http.HTTPStatus}
BODILESS = frozenset({204, 304})


class ClientConnection(asyncio.Protocol):
    """A client's connection: one request after the other, each answered before the next is read."""

    def __init__(self, server: Server) -> None:
        self._server, self._edge = server, server.edge
        self._seconds = server.settings.idle_seconds
        self._waiting = b""  # what has come before its turn
        self._request = b""
        self._answering: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin with a client."""
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername")[0]
        told = f"X-Forwarded-For: {address}\r\nVia: 1.1 {self._server.settings.name}\r\n"
        self._reader = RequestReader(told.encode())
        self._loop = asyncio.get_running_loop()
        self._limit = self._loop.call_later(self._seconds, self._expire)
        self._server.clients.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client, and the answer that nobody waits for."""
        del exc
        self._limit.cancel()
        if self._answering is not None:
            self._answering.cancel()
        self._server.clients.discard(self)

    def pause_writing(self) -> None:
        """Read no faster from the origin than the client reads from us."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on."""
        self._writable.set()

    def hang_up(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Read on, and answer the request when it is whole."""
        self._waiting += data
        if self._answering is not None:
            if len(self._waiting) > REQUEST_BYTES:
                self._transport.pause_reading()
            return
        while self._waiting and self._answering is None and not self._transport.is_closing():
            self._read()

    def _read(self) -> None:
        reader = self._reader
        try:
            self._waiting = reader.feed(self._waiting)
            self._request += b"".join(reader.out)
            reader.out.clear()
        except Malformed as refusal:
            self._refuse(refusal.status)
            return
        if len(self._request) > REQUEST_BYTES:
            self._refuse(413)
        elif reader.complete:
            self._respond()
        elif reader.expects and reader.method:
            reader.expects = False
            self._transport.write(CONTINUE)

    def _refuse(self, status: int) -> None:
        self._write(Response(status, Fields()), "GET", close=True)
        self._transport.close()

    def _respond(self) -> None:
        head, _, body = self._request.partition(b"\r\n\r\n")
        self._request = b""
        line = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
        request = Request(line[0], line[1], Fields.parse(head), body)
        if (response := self._edge.at_once(request)) is not None:
            self._write(response, request.method)
            self._next()
        else:
            self._answering = self._loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._edge.answer(request)
            self._write(response, request.method)
            if not isinstance(response.body, bytes):
                await self._stream(response, response.body)
        except BaseException as failure:
            self._transport.abort()  # a client must not take a part for the whole
            if not isinstance(failure, Unanswered):
                raise
            return
        self._answering = None
        self._next()
        if self._waiting:
            self._transport.resume_reading()
            self.data_received(b"")

    def _write(self, response: Response, method: str, *, close: bool = False) -> None:
        """Write a response, or its head if the body is still to come."""
        fields, body = response.fields, response.body
        if isinstance(body, bytes):
            if method != "HEAD" and response.status not in BODILESS:
                fields = Fields([*fields.without(("content-length",)), ("Content-Length", str(len(body)))])
            else:
                body = b""
        elif not fields.get("content-length"):
            if self._reader.persistent:
                fields = Fields([*fields, ("Transfer-Encoding", "chunked")])
            else:
                self._reader.keep_alive = False
        if close or not self._reader.keep_alive:
            fields = Fields([*fields, ("Connection", "close")])
        line = STATUS_LINES.get(response.status) or f"HTTP/1.1 {response.status} \r\n".encode()
        self._transport.write(line + fields.encoded() + b"\r\n" + (body if isinstance(body, bytes) else b""))

    async def _stream(self, response: Response, body: Pieces) -> None:
        chunked = self._reader.persistent and not response.fields.get("content-length")
        try:
            async for piece in body:
                await self._writable.wait()
                self._rest()
                self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        except BaseException:
            body.close()
            raise
        if chunked:
            self._transport.write(b"0\r\n\r\n")

    def _next(self) -> None:
        if not self._reader.keep_alive:
            self._transport.close()
            return
        self._reader.start()
        self._rest()

    def _rest(self) -> None:
        """Begin a time limit anew."""
        self._limit.cancel()
        self._limit = self._loop.call_later(self._seconds, self._expire)

    def _expire(self) -> None:
        if self._answering is None or not self._writable.is_set():
            self._transport.abort()  # it says nothing, or takes nothing; for the origin there is a limit elsewhere
        else:
            self._limit = self._loop.call_later(self._seconds, self._expire)


class Server:
    """An edge that listens.

    Args:
        edge: What answers.
        settings: How long clients may take.
    """

    def __init__(self, edge: Edge, settings: Settings) -> None:
        self.edge, self.settings = edge, settings
        self.clients: set[ClientConnection] = set()

    async def serve(self, host: str, port: int, administration: Path | None = None) -> None:
        """Serve until it is cancelled; the administration socket can be opened by this user alone."""
        loop = asyncio.get_running_loop()
        listening: list[asyncio.AbstractServer] = []  # they live as long as somebody holds them
        if administration is not None:
            listening.append(await administer(self.edge, administration))
        listening.append(await loop.create_server(lambda: ClientConnection(self), host, port, backlog=1_024))
        try:
            await loop.create_future()
        finally:
            for client in list(self.clients):
                client.hang_up()

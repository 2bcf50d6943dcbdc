"""One WebSocket connection: the library `websockets` reads and checks every frame, asyncio moves the bytes.

Each part does what it is good at. The library's protocol does no input or output of its own, so nothing here waits for a client: what is
sent is handed to the transport and bounded, in one write for as many messages as there are.
"""

from __future__ import annotations

import asyncio
import codecs
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from websockets.exceptions import InvalidState
from websockets.extensions.base import ServerExtensionFactory
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Origin

_UTF8 = codecs.getincrementaldecoder("utf-8")
_LOGGER = logging.getLogger(__name__)
PING = Frame(Opcode.PING, b"").serialize(mask=False)


@dataclass(frozen=True)
class Limits:
    """What a connection may take.

    Args:
        message_bytes: The longest message; a longer one ends its connection (1009).
        unsent_bytes: What may wait for a client for longer than `drain_seconds`; many messages together may be more for a moment.
        drain_seconds: How long more than that may wait, without once being less, before the client is dropped as too slow.
        ping_seconds: How long a client may be silent before it is pinged.
        pong_seconds: How long it may be silent after that before it is dropped.
        handshake_seconds: To open a connection, and to close one.
    """

    message_bytes: int = 16 * 1024
    unsent_bytes: int = 1024 * 1024
    drain_seconds: float = 0.25
    ping_seconds: float = 20.0
    pong_seconds: float = 20.0
    handshake_seconds: float = 10.0


class Application(Protocol):
    """What happens on connections. Nothing here may block."""

    def opening(self, connection: Connection, request: Request) -> Response | None:
        """Refuse a handshake by an answer (see `Connection.refusal`), or let it go on by None."""

    def opened(self, connection: Connection) -> None:
        """Begin with a connection."""

    def received(self, connection: Connection, message: str | bytes) -> None:
        """Take a message."""

    def closed(self, connection: Connection) -> None:
        """Part with a connection that was opened."""


def text_frame(text: str) -> bytes:
    """Return a message as it goes over the wire: the same bytes for every client, so they are built once."""
    return Frame(Opcode.TEXT, text.encode()).serialize(mask=False)


def _nowhere(_: bytes) -> None:
    """Take what can no longer be sent."""


class Connection(asyncio.Protocol):
    """One client's connection, from its handshake to its end.

    Args:
        application: What happens on it.
        limits: What it may take.
        among: The open connections, which it joins and leaves.
        origins: The origins of pages that may open it; None for any, and for clients that are no pages.
        extensions: Extensions that it may use, compression for example.
        clock: Tells seconds.
    """

    __slots__ = (
        "_among",
        "_application",
        "_clock",
        "_decoder",
        "_drop",
        "_limits",
        "_pieces",
        "_protocol",
        "_since",
        "_transport",
        "context",
        "heard_at",
        "send",
    )

    def __init__(
        self,
        application: Application,
        limits: Limits,
        among: set[Connection],
        origins: Sequence[str] | None = None,
        extensions: Sequence[ServerExtensionFactory] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        allowed = None if origins is None else [Origin(origin) for origin in origins]
        self._protocol = ServerProtocol(
            origins=allowed, extensions=extensions, max_size=limits.message_bytes, logger=_LOGGER
        )
        self._application, self._limits, self._among, self._clock = application, limits, among, clock
        self.context: Any = None
        """What the application remembers of it."""
        self.send: Callable[[bytes], object] = _nowhere
        """Sends frames that `text_frame` has built; nothing at all while the connection is not open."""
        self.heard_at = self._since = clock()
        self._decoder: codecs.IncrementalDecoder | None = None
        self._pieces: list[Any] = []
        self._drop: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send, and bound what may wait there."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.unsent_bytes, low=self._limits.unsent_bytes)
        self._among.add(self)

    def data_received(self, data: bytes) -> None:
        """Let the protocol read, then act on what it has read."""
        self.heard_at = self._clock()
        self._protocol.receive_data(data)
        self._flush()
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._shake_hands(event)
            else:
                self._take(cast("Frame", event))
        self._flush()

    def _shake_hands(self, request: Request) -> None:
        response = self._application.opening(self, request) or self._protocol.accept(request)
        self._protocol.send_response(response)
        self._flush()
        if self._protocol.state is State.OPEN:
            self.send = self._transport.write
            self._application.opened(self)

    def refusal(self, status: int, why: str) -> Response:
        """Return the answer to a handshake that is refused, for `Application.opening`."""
        return self._protocol.reject(status, why)

    def _take(self, frame: Frame) -> None:
        """Put messages together; text is checked piece by piece, so that what is none is refused at once (1007)."""
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._decoder = _UTF8() if frame.opcode is Opcode.TEXT else None
        elif frame.opcode is not Opcode.CONT:
            return  # the protocol has answered
        try:
            piece = self._decoder.decode(frame.data, final=frame.fin) if self._decoder else bytes(frame.data)
        except UnicodeDecodeError as error:
            self._protocol.fail(CloseCode.INVALID_DATA, f"{error.reason} at position {error.start}")
            return
        self._pieces.append(piece)
        if frame.fin:
            message, self._pieces = type(piece)().join(self._pieces), []
            self._application.received(self, message)

    def send_message(self, message: str | bytes) -> None:
        """Send a message to this client alone, by whatever extensions were agreed upon."""
        try:
            if isinstance(message, str):
                self._protocol.send_text(message.encode())
            else:
                self._protocol.send_binary(message)
        except InvalidState:
            return  # closing already: whatever came last is not answered any more
        self._flush()

    def close(self, code: int, why: str) -> None:
        """Begin to close the connection; it is cut off if the client does not do its part in time."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(code, why)
            self._flush()

    @property
    def is_open(self) -> bool:
        """Whether what is sent may still arrive."""
        return self.send is not _nowhere

    @property
    def unsent(self) -> int:
        """The bytes that wait to be sent; none once the connection is closing."""
        return self._transport.get_write_buffer_size() if self.is_open else 0

    def abort(self) -> None:
        """Cut the connection off."""
        self._transport.abort()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif not self._transport.is_closing():
                self._transport.write_eof()  # not closed yet: what the client still sends would be answered with a reset
        if self._protocol.close_expected() and self.is_open:
            self.send, self._since = _nowhere, self._clock()

    def check(self) -> None:
        """Ping a client that is silent, and drop one that is silent for too long, or takes too long to open or to close."""
        now = self._clock()
        silent = now - self.heard_at
        if self._protocol.state is not State.OPEN:
            if now - self._since > self._limits.handshake_seconds:
                self.abort()
        elif silent > self._limits.ping_seconds + self._limits.pong_seconds:
            self.abort()
        elif silent > self._limits.ping_seconds:
            self.send(PING)

    def pause_writing(self) -> None:
        """Drop a client for which too much is waiting, unless it catches up: it finds all of that in the history when it comes back."""
        self._drop = asyncio.get_running_loop().call_later(self._limits.drain_seconds, self.abort)

    def resume_writing(self) -> None:
        """Keep a client that has caught up: it was not slow, there was much at once."""
        if self._drop is not None:
            self._drop.cancel()

    def eof_received(self) -> None:
        """End with the client's end."""
        self._protocol.receive_eof()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application, if it knew of this connection."""
        del exc
        self.resume_writing()
        self._among.discard(self)
        self._protocol.receive_eof()
        self.send = _nowhere
        if self.context is not None:
            self._application.closed(self)

"""A thin client of Redis: sockets in a pool, hiredis to pack and to parse, and nothing else on the way of a hit.

A command whose connection turns out to have been closed while it was idle is sent once more. It may then be carried out twice, which
changes nothing about any command of this package: each of them leaves the same behind, and a lease knows its owner.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from hiredis import HiredisError, Reader, pack_command

Argument: TypeAlias = bytes | str | int

_READ_BYTES = 65_536


class Away(Exception):  # noqa: N818 - a state, not a mistake
    """The cache cannot be used now: it does not answer, or it is not asked because it has not answered lately."""


class Refused(Away):
    """Redis answers, and refuses: it is still loading, its memory is full, it does not know the script."""


class Connection:
    """One socket, used by one thread at a time."""

    __slots__ = ("_reader", "_socket")

    def __init__(self, host: str, port: int, timeout_seconds: float) -> None:
        self._socket = socket.create_connection((host, port), timeout_seconds)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # The kernel keeps the time limit. With Python's own there are two calls more, of four: it polls before it sends or receives.
        limit = struct.pack("@ll", int(timeout_seconds), int(timeout_seconds % 1 * 1e6))
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._reader = Reader()

    def ask(self, packed: bytes) -> Any:
        """Send a command and return its answer. Raises EOFError when the other end has closed, OSError, HiredisError.

        A connection that has failed once is closed: the answer to one question must never be taken for that to the next.
        """
        try:
            self._socket.sendall(packed)
            return self._answer()
        except BaseException:
            self.close()
            raise

    def _answer(self) -> Any:
        while True:
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise EOFError
            self._reader.feed(data)
            answer = self._reader.gets()
            if answer is not False:
                return answer

    def close(self) -> None:
        """Close it, whatever is under way."""
        self._socket.close()


class Wire:
    """Connections to one Redis, safe among threads: as many as there are commands under way at once.

    Args:
        url: `redis://user:password@host:port/database`.
        timeout_seconds: How long a connection, and each step of an answer, may take.
    """

    def __init__(self, url: str, timeout_seconds: float = 0.1) -> None:
        parts = urlsplit(url)
        if parts.scheme != "redis":
            raise ValueError(f"not the address of a Redis: {parts.scheme}://…")
        self._address = parts.hostname or "localhost", parts.port or 6379
        self._timeout_seconds = timeout_seconds
        self._greeting: list[tuple[Argument, ...]] = []
        if parts.password:
            self._greeting.append(("AUTH", unquote(parts.username or "default"), unquote(parts.password)))
        if parts.path.strip("/") not in {"", "0"}:
            self._greeting.append(("SELECT", parts.path.strip("/")))
        self._idle: deque[Connection] = deque()

    def call(self, *command: Argument) -> Any:
        """Return the answer to a command. Raises Away when there is none in time, Refused when it is an error."""
        packed = pack_command(command)  # type: ignore[arg-type]  # typed for one argument
        try:
            try:
                connection = self._idle.pop() if self._idle else self._connect()
                reply = connection.ask(packed)
            except (
                ConnectionError,
                EOFError,
                IndexError,
            ):  # closed while it was idle; those beside it probably were, too
                self.close()
                connection = self._connect()
                reply = connection.ask(packed)
        except (OSError, EOFError, HiredisError) as error:
            raise Away(f"Redis does not answer: {error!r}") from error
        self._idle.append(connection)
        if isinstance(reply, HiredisError):
            raise Refused(str(reply))
        return reply

    def _connect(self) -> Connection:
        connection = Connection(*self._address, self._timeout_seconds)
        for command in self._greeting:
            connection.ask(pack_command(command))  # type: ignore[arg-type]
        return connection

    def close(self) -> None:
        """Close all connections that are not in use."""
        while self._idle:
            self._idle.pop().close()

"""Round trips by TCP, which needs no right at all: how long a connection takes to be made, or a greeting to be answered."""

from __future__ import annotations

import errno
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sysdesign.networking.latency_and_data_centers.samples import NotMeasured, Sample, Target


class TcpConnects:
    """Measures how long a connection takes to be made: one round trip, of SYN and its acknowledgement (RFC 9293 §3.5)."""

    name = "tcp connect"

    def ping(self, target: Target, probes: int = 5, interval: float = 0.0, patience: float = 2.0) -> Sample:
        """Return the round trips of so many connections, each `interval` seconds behind the end of the one before.

        Raises:
            NotMeasured: None came back, with the reason that was told.
        """
        with _told(target):
            took = [
                _timed(lambda: self._connect(target, patience), interval if probe else 0) for probe in range(probes)
            ]
        return _sample(target, self.name, took)

    @staticmethod
    def _connect(target: Target, patience: float) -> None:
        with (
            suppress(ConnectionRefusedError),
            connected(target, patience),
        ):  # a closed port answers as fast as an open one
            pass


class TcpExchanges:
    """Measures how long a line takes to be answered, on one connection.

    Where somebody nearby accepts connections for the target (a balancer, a tunnel), only an answer has been all the way. The first
    is not counted: it has also waited for the connection from there on.

    Args:
        line: What to say; the target must answer at once.
    """

    name = "tcp exchange"

    def __init__(self, line: bytes) -> None:
        self.line = line

    def ping(self, target: Target, probes: int = 5, interval: float = 0.0, patience: float = 2.0) -> Sample:
        """Return the round trips of so many lines, each `interval` seconds behind the answer to the one before.

        Raises:
            NotMeasured: None came back, with the reason that was told.
        """
        with _told(target), connected(target, patience) as connection:
            first, *took = [
                _timed(lambda: self._exchange(connection), interval if exchange else 0)
                for exchange in range(probes + 1)
            ]
        return _sample(target, self.name, took if first is not None else [])

    def _exchange(self, connection: socket.socket) -> None:
        connection.sendall(self.line)
        if not connection.recv(len(self.line)):
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _timed(step: Callable[[], None], pause: float) -> float | None:
    """Return the seconds that a step takes, after a pause; None if it had to wait for too long."""
    time.sleep(pause)
    begin = time.perf_counter()
    try:
        step()
    except TimeoutError:
        return None
    return time.perf_counter() - begin


def _sample(target: Target, method: str, took: Sequence[float | None]) -> Sample:
    answered = tuple(seconds for seconds in took if seconds is not None)
    if not answered:
        raise NotMeasured("unreachable", f"{target.host}, port {target.port}, does not answer")
    return Sample(target, method, answered, len(took))


@dataclass(frozen=True)
class Phases:
    """The seconds that each step takes before the first byte of an answer has come."""

    connection: float
    handshake: float
    answer: float


def phases(
    target: Target, question: bytes, context: ssl.SSLContext | None = None, name: str = "", patience: float = 5.0
) -> Phases:
    """Ask a question on a new connection, sealed if there is a context, and return how long each step has taken.

    Raises:
        NotMeasured, ssl.SSLError, OSError: No connection, no handshake, no answer.
    """
    begin = time.perf_counter()
    with _told(target), connected(target, patience) as plain:
        at_connected = at_secured = time.perf_counter()
        connection = plain
        if context is not None:
            connection = context.wrap_socket(plain, server_hostname=name or target.host)
            at_secured = time.perf_counter()
        connection.sendall(question)
        connection.recv(1)
        return Phases(at_connected - begin, at_secured - at_connected, time.perf_counter() - at_secured)


@contextmanager
def connected(target: Target, patience: float) -> Iterator[socket.socket]:
    """Connect to a target, without the delay by which small messages wait for more. Raises OSError."""
    source = (target.source, 0) if target.source else None
    with socket.create_connection((target.host, target.port), patience, source) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


@contextmanager
def _told(target: Target) -> Iterator[None]:
    """Tell by its reason why there was no connection."""
    try:
        yield
    except socket.gaierror as unknown:
        raise NotMeasured("unknown host", f"{target.host}: {unknown.strerror}") from unknown
    except OSError as refused:
        if refused.errno == errno.ENETUNREACH:
            raise NotMeasured("no route", f"{target.host}: {refused.strerror}") from refused
        if refused.errno in {errno.EHOSTUNREACH, errno.ECONNRESET}:
            raise NotMeasured("unreachable", f"{target.host}: {refused.strerror}") from refused
        raise

"""Round trips by TCP, which needs no right at all: how long a connection takes to be made, or a greeting to be answered."""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sysdesign.networking.latency_and_data_centers.samples import NotMeasured, Sample, Target


class TcpConnects:
    """Measures how long a connection takes to be made: one round trip, of SYN and its acknowledgement (RFC 9293 §3.5).

    Args:
        greeting: What to say on each connection. Where somebody nearby accepts connections for the target (a balancer, a tunnel),
            only the answer has been all the way; then this, and not the connection, is what is timed.
    """

    def __init__(self, greeting: bytes = b"") -> None:
        self.greeting = greeting
        self.name = "tcp exchange" if greeting else "tcp connect"

    def ping(self, target: Target, probes: int = 5, interval: float = 0.0, patience: float = 2.0) -> Sample:
        """Return the round trips of so many connections, each `interval` seconds behind the end of the one before.

        Raises:
            NotMeasured: None came back, with the reason that was told.
        """
        round_trips = []
        for probe in range(probes):
            if probe:
                time.sleep(interval)
            with _told(target):
                round_trips.append(self._round_trip(target, patience))
        answered = tuple(took for took in round_trips if took is not None)
        if not answered:
            raise NotMeasured(
                "unreachable", f"{target.host}, port {target.port}, does not answer within {patience:g} s"
            )
        return Sample(target, self.name, answered, probes)

    def _round_trip(self, target: Target, patience: float) -> float | None:
        begin = time.perf_counter()
        try:
            with connected(target, patience) as connection:
                if self.greeting:
                    begin = time.perf_counter()
                    connection.sendall(self.greeting)
                    if not connection.recv(1):
                        return None
                return time.perf_counter() - begin
        except TimeoutError:
            return None
        except ConnectionRefusedError:  # a closed port answers as fast as an open one, but not for somebody behind it
            return None if self.greeting else time.perf_counter() - begin


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

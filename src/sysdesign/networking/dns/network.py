"""One question to one server: over UDP, and again over TCP if the answer did not fit."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import TypeAlias

import dns.flags
import dns.message

from sysdesign.networking.dns.messages import Rejected, accept

Address: TypeAlias = tuple[str, int]
"""An IP address and a port."""

Ask: TypeAlias = Callable[[Address, dns.message.Message, float], dns.message.Message]
"""Puts a question to a server within so many seconds; raises OSError (TimeoutError is one) or Rejected."""

LARGEST_BYTES = 65_535


def ask(server: Address, question: dns.message.Message, seconds: float) -> dns.message.Message:
    """Return a server's answer, complete: a truncated one is asked for again over TCP (RFC 7766 §5).

    Raises:
        OSError: The server refuses, or has not answered in time; `seconds` are for both ways together.
        Rejected: What it said over TCP is no answer.
    """
    deadline = time.monotonic() + seconds
    answer = over_udp(server, question, deadline)
    return over_tcp(server, question, deadline) if answer.flags & dns.flags.TC else answer


def over_udp(server: Address, question: dns.message.Message, deadline: float) -> dns.message.Message:
    """Return the first packet that is an answer to this question; whatever else comes is dropped, and the waiting goes on.

    Each question leaves from a socket of its own, so from a port that the kernel draws at random; connected, so that the
    kernel drops what comes from elsewhere, and tells at once when nobody listens there.
    """
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as connection:
        connection.connect(server)
        connection.send(question.to_wire())
        while True:
            connection.settimeout(_left(deadline))
            packet = connection.recv(LARGEST_BYTES)
            try:
                return accept(question, packet)
            except Rejected:
                continue


def over_tcp(server: Address, question: dns.message.Message, deadline: float) -> dns.message.Message:
    """Return the answer over a connection, where each message follows its length."""
    with socket.create_connection(server, _left(deadline)) as connection:
        connection.sendall(question.to_wire(prepend_length=True))
        (length,) = struct.unpack("!H", _read(connection, 2, deadline))
        return accept(question, _read(connection, length, deadline))


def _read(connection: socket.socket, size: int, deadline: float) -> bytes:
    data = b""
    while len(data) < size:
        connection.settimeout(_left(deadline))
        more = connection.recv(size - len(data))
        if not more:
            raise ConnectionError("the server hung up in the middle of its answer")
        data += more
    return data


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer in time")
    return left

"""The balancer: its settings, its time, its checks and its administration, around the connections of either layer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path

from sysdesign.storage.load_balancing.backends import Backend, HealthRules, Pool
from sysdesign.storage.load_balancing.layer4 import Tunnel
from sysdesign.storage.load_balancing.layer7 import ClientConnection
from sysdesign.storage.load_balancing.policies import POLICIES
from sysdesign.storage.load_balancing.retries import RetryBudget

TICK_SECONDS = 0.05
"""How often time limits are looked at: one walk over the connections costs less than a timer for each request."""


@dataclass(frozen=True)
class Limits:
    """What a connection may take: seconds, and connections.

    Args:
        connect_seconds: To reach a backend.
        request_seconds: For a client to send a head, and between two pieces of its body.
        response_seconds: For a backend to begin its answer, and between two pieces of it.
        idle_seconds: Between two requests, on either side.
        clients: Connections of clients at once; one more is answered 503.
        idle_connections: Connections kept for later, a backend.
    """

    connect_seconds: float = 1.0
    request_seconds: float = 10.0
    response_seconds: float = 30.0
    idle_seconds: float = 60.0
    clients: int = 10_000
    idle_connections: int = 128


@dataclass(frozen=True)
class Settings:
    """How a balancer works.

    Args:
        policy: A name of `POLICIES`.
        layer: 7 to choose for each request, 4 to choose for each connection.
        affinity: The field of a request that the policy `consistent-hash` looks at, in lower case; without it, the client's address.
        retries: How often a request is sent again at most.
        retry_ratio: Retries for each request, over all requests.
        retry_reserve: Retries that may come in a row.
        check_path: What active checks ask for; none are made if it is empty.
        check_seconds: Between two checks of a backend, and for one to be answered.
        health: When a backend is taken out and comes back.
        limits: What a connection may take.
    """

    policy: str = "round-robin"
    layer: int = 7
    affinity: str = ""
    retries: int = 2
    retry_ratio: float = 0.2
    retry_reserve: float = 32
    check_path: str = ""
    check_seconds: float = 1.0
    health: HealthRules = field(default_factory=HealthRules)
    limits: Limits = field(default_factory=Limits)


class Balancer:
    """A balancer for one pool of backends.

    Args:
        settings: How it works.
        chance: For policies that draw, and to spread checks over time.
    """

    def __init__(self, settings: Settings, chance: random.Random | None = None) -> None:
        self.settings = settings
        self._chance = chance or random.Random()
        self.pool = Pool(POLICIES[settings.policy](self._chance), settings.health, time.monotonic)
        self.budget = RetryBudget(settings.retry_ratio, settings.retry_reserve)
        self.clients: set[ClientConnection | Tunnel] = set()
        self.now = time.monotonic()
        """The time of the last tick: exact enough for limits, and it costs no call a request."""
        self._checks: dict[str, asyncio.Task[None]] = {}

    async def serve(self, host: str, port: int, administration: Path | None = None) -> None:
        """Serve until it is cancelled; the administration socket can be opened by this user alone."""
        loop = asyncio.get_running_loop()
        connection = ClientConnection if self.settings.layer == 7 else Tunnel
        listening: list[asyncio.AbstractServer] = []  # they live as long as somebody holds them
        if administration is not None:
            listener = private_socket(administration)
            listening.append(await asyncio.start_unix_server(self._administer, sock=listener))
        listening.append(await loop.create_server(lambda: connection(self), host, port, backlog=1_024))
        while True:
            self._sweep()  # by the time of the tick before, so that no limit ends early
            self.now = time.monotonic()
            await asyncio.sleep(TICK_SECONDS)  # one for all limits, instead of a timer for each request

    def _sweep(self) -> None:
        """Do what is due: limits that have passed, shares that have grown, backends that came or went."""
        now = self.now
        for client in list(self.clients):
            if client.deadline < now:
                client.expired()
        self.pool.refresh()
        for backend in self.pool.members.values():
            for connection in [one for one in backend.idle if one.deadline < now or backend.draining]:
                backend.idle.remove(connection)  # at once: a connection that is closing must not be chosen
                connection.transport.close()
            if self.settings.check_path and backend.name not in self._checks:
                self._checks[backend.name] = asyncio.get_running_loop().create_task(self._check(backend))
        for name in self._checks.keys() - self.pool.members.keys():
            self._checks.pop(name).cancel()

    async def _check(self, backend: Backend) -> None:
        """Ask a backend for its health, again and again."""
        while True:
            passed = False
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                async with asyncio.timeout(self.settings.check_seconds):
                    passed = await _is_well(backend, self.settings.check_path)
            self.pool.checked(backend, passed=passed)
            # Not all at once: many balancers would knock at a backend at the same moment.
            await asyncio.sleep(self.settings.check_seconds * self._chance.uniform(0.9, 1.1))

    async def _administer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Obey one line and answer it with one line of JSON."""
        with contextlib.closing(writer):
            words = (await reader.readline()).decode().split()
            try:
                answer = self.administer(*words)
            except (KeyError, TypeError, ValueError) as error:
                answer = {"error": repr(error)}
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()

    def administer(self, verb: str = "show", name: str = "", weight: str = "1") -> object:
        """Obey `show`, `add HOST:PORT [WEIGHT]`, `drain HOST:PORT` or `remove HOST:PORT`; return the state of all backends."""
        if verb == "add":
            host, _, port = name.rpartition(":")
            self.pool.add(host, int(port), int(weight))
        elif verb == "drain":
            self.pool.drain(name)
        elif verb == "remove":
            for connection in list(self.pool.remove(name).idle):
                connection.transport.close()
        elif verb != "show":
            raise ValueError(verb)
        return {
            backend.name: {
                "state": backend.state,
                "weight": backend.weight,
                "in_flight": backend.in_flight,
                "requests": backend.requests,
                "failures": backend.failures,
                "changes": backend.health.changes,
            }
            for backend in self.pool.members.values()
        }


def private_socket(path: Path) -> socket.socket:
    """Return a Unix socket that this user alone can open."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen()
    return listener


async def _is_well(backend: Backend, path: str) -> bool:
    """Ask for the path on a connection of its own; well is whoever answers with a status below 400."""
    reader, writer = await asyncio.open_connection(backend.host, backend.port)
    with contextlib.closing(writer):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {backend.name}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
    return line.startswith(b"HTTP/1.") and 200 <= int(line.split()[1]) < 400

"""Aggregation: several answers in one, asked for at the same time. It takes as long as the slowest, and what does not come is left out."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from sysdesign.distributed.api_gateway.configuration import Aggregate, Route
from sysdesign.distributed.api_gateway.decisions import Refusal, Told, rewritten
from sysdesign.storage.load_balancing.backends import Backend
from sysdesign.storage.load_balancing.upstream import BackendConnection

if TYPE_CHECKING:
    from sysdesign.distributed.api_gateway.gateway import Gateway
    from sysdesign.distributed.api_gateway.services import Upstream

PART_BYTES = 2**20
"""The longest part that is taken."""


class Missing(Exception):  # noqa: N818 - what it is
    """A part that cannot be had; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Part(NamedTuple):
    """What became of a part: its value, or the status that says why there is none."""

    value: Any
    status: int


async def compose(gateway: Gateway, place: Aggregate, told: Told, identity: bytes) -> bytes:
    """Return the parts of an aggregate by their names, as JSON, and under `errors` a problem for each that is missing.

    Args:
        gateway: Decides for each part whether the caller may have it, as if it had asked for it itself.
        place: What is asked for.
        told: The fields of the request.
        identity: The request's id; the parts bear it too.
    """

    async def fetch(path: str) -> Part:
        try:
            async with asyncio.timeout(place.seconds):
                return Part(json.loads(await _ask(gateway, path.encode(), told, identity)), 200)
        except TimeoutError:
            return Part(None, 504)
        except (OSError, ValueError):
            return Part(None, 502)
        except (Missing, Refusal) as reason:
            return Part(None, reason.status)

    parts = dict(zip(place.parts, await asyncio.gather(*map(fetch, place.parts.values())), strict=True))
    errors = {name: {"status": part.status} for name, part in parts.items() if part.status != 200}
    whole = {name: part.value for name, part in parts.items()}
    return json.dumps({**whole, "errors": errors} if errors else whole).encode()


async def _ask(gateway: Gateway, path: bytes, told: Told, identity: bytes) -> bytes:
    """Return the body of a part. Raises Missing, Refusal or OSError."""
    place = gateway.decisions.place(path)
    caller = gateway.decisions.admit(place, b"GET", told)
    route = place.what
    if not isinstance(route, Route) or not route.service:
        raise Missing(404)
    service = gateway.service(route.service, caller.name)
    backend = service.pool.pick()
    if backend is None:
        raise Missing(503)
    target = rewritten(route, path)
    host = backend.name.encode()
    head = b"GET %b HTTP/1.1\r\nHost: %b\r\nX-Request-Id: %b%b\r\n\r\n" % (target, host, identity, caller.fields)
    backend.requests += 1
    backend.in_flight += 1
    try:
        return await _Request(service, backend).send(head)
    except (Missing, OSError, asyncio.CancelledError) as failure:
        if not isinstance(failure, Missing) or failure.status == 502:
            service.pool.failed(backend)
        raise
    finally:
        backend.in_flight -= 1


class _Request:
    """A request of the gateway's own. To a connection of 13 it is what a client's connection is: who gets the answer."""

    def __init__(self, service: Upstream, backend: Backend) -> None:
        self._service, self._backend = service, backend
        self._answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._received = bytearray()
        # Told that the client does not understand chunks, the connection takes them apart.
        self.reader = SimpleNamespace(method=b"GET", persistent=False, keep_alive=True, complete=True)
        self.transport = self
        self.clogged = False
        self.deadline = 0.0

    async def send(self, head: bytes) -> bytes:
        """Send it; return the body of the answer if that is 200. Raises Missing or OSError."""
        connection: Any = self._backend.idle.pop() if self._backend.idle else await self._connect()
        connection.ask(self, head)
        try:
            status, body = await self._answer
        except asyncio.CancelledError:
            connection.abandon()
            raise
        if status != 200:
            raise Missing(status)
        return body

    async def _connect(self) -> BackendConnection:
        made = asyncio.get_running_loop().create_connection(
            lambda: BackendConnection(self._service, self._backend), self._backend.host, self._backend.port
        )
        return (await made)[1]

    def write(self, data: bytes) -> None:
        """Take a piece of the answer."""
        self._received += data
        if len(self._received) > PART_BYTES:
            self.broken_off()

    def answered(self, *, close: bool) -> None:
        """Take the end of the answer."""
        del close
        head, _, body = bytes(self._received).partition(b"\r\n\r\n")
        if not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    def broken_off(self) -> None:
        """Have no answer: it stopped in the middle."""
        if not self._answer.done():
            self._answer.set_exception(Missing(502))

    def failed(self, status: int, *, sent: bool, blamed: bool = True) -> None:
        """Have no answer: it never began."""
        del status, sent, blamed
        self.broken_off()

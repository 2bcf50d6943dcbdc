"""The network between nodes: a wire each way between any two, on which messages go and none comes back.

An answer is a message of its own, on the other wire. So a wire that is cut is a network that is cut in one direction. A message may be
lost or come late, as in any network; whoever needs an answer asks again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from sysdesign.storage.replication.wire import Address, NotAcknowledged, Refused, describe

Message = dict[str, Any]

RETRY_SECONDS = 0.01
"""Between two attempts to connect a wire."""

BACKLOG_BYTES = 1_000_000
"""What may wait on a wire that does not move; what comes on top is lost."""


class Wires:
    """The outgoing wires of one node.

    Args:
        name: The sender, which every message names.
        peers: The other nodes' addresses by their names; a wire that breaks is connected anew.
    """

    def __init__(self, name: str, peers: Mapping[str, Address]) -> None:
        self._name = name
        self.peers = peers
        self.sent = 0
        """Messages put on a wire so far."""
        self._open: dict[str, asyncio.StreamWriter] = {}

    async def connect(self) -> None:
        """Keep all wires connected, for ever."""
        await asyncio.gather(*(self._keep(peer, *address) for peer, address in self.peers.items()))

    async def _keep(self, peer: str, host: str, port: int) -> None:
        while True:
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection(host, port)
                self._open[peer] = writer
                try:
                    await reader.read()  # nothing ever comes, but the end
                finally:
                    del self._open[peer]
                    writer.close()
            await asyncio.sleep(RETRY_SECONDS)

    def send(self, peer: str, kind: str, **content: Any) -> None:
        """Send a message, or lose it if the wire is not whole."""
        writer = self._open.get(peer)
        if writer and not writer.is_closing() and writer.transport.get_write_buffer_size() < BACKLOG_BYTES:
            self.sent += 1
            writer.write(json.dumps({"sender": self._name, "kind": kind, **content}).encode() + b"\n")


class Rounds:
    """Questions to the other nodes, each asked again until enough have answered.

    Args:
        wires: Where they are asked; every answer comes back with the number of its round.
        resend_seconds: After which time those that have not answered are asked again.
        first: The number of the first round, by chance: what answers a node that was killed must not answer it when it is back.
    """

    def __init__(self, wires: Wires, resend_seconds: float, first: int) -> None:
        self._wires = wires
        self._resend_seconds = resend_seconds
        self._last = first
        self._open: dict[int, tuple[dict[str, Message], asyncio.Event]] = {}

    async def ask(self, enough: int, patience_seconds: float, kind: str, **content: Any) -> list[Message]:
        """Ask all others; return the answers of `enough` of them, which may be none. Raises NotAcknowledged if they do not come in time."""
        self._last += 1
        number = self._last
        answers, came = self._open[number] = {}, asyncio.Event()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience_seconds
        try:
            while True:
                for peer in self._wires.peers.keys() - answers.keys():
                    self._wires.send(peer, kind, round=number, **content)
                while len(answers) < enough:
                    came.clear()
                    left = min(self._resend_seconds, deadline - loop.time())
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(came.wait(), max(left, 0))
                        continue
                    break
                if len(answers) >= enough:
                    return list(answers.values())
                if loop.time() >= deadline:
                    message = f"{len(answers)} of {enough} others have answered"
                    raise NotAcknowledged(message)
        finally:
            del self._open[number]

    def answered(self, message: Message) -> None:
        """Take an answer; one to a round that is over is of no use."""
        if message["round"] in self._open:
            answers, came = self._open[message["round"]]
            answers[message["sender"]] = message
            came.set()


Operations = Mapping[str, Callable[..., Awaitable[Message]]]


async def serve(address: Address, operations: Operations, receive: Callable[[Message], None]) -> None:
    """Serve for ever: a line with a sender is a message of another node, any other a client's question, which gets an answer.

    Args:
        address: Where to listen.
        operations: What clients may ask, by name.
        receive: Takes the messages.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                content: Message = json.loads(line)
                if "sender" in content:
                    receive(content)
                else:
                    writer.write(json.dumps(await _answer(operations, content)).encode() + b"\n")
                    await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, *address, limit=BACKLOG_BYTES)
    await server.serve_forever()


async def _answer(operations: Operations, question: Message) -> Message:
    try:
        return await operations[question.pop("operation")](**question)
    except (Refused, NotAcknowledged) as error:
        return describe(error)

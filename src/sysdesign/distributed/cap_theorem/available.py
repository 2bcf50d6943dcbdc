"""An available node (AP): it answers from its own copy whatever becomes of the others, and the copies are merged when the network allows.

A client may ask that more than one node takes part in a write (W) or in a read (R): with R + W > N, one node is in both, and a read sees
what was acknowledged before; but then it may have to wait, or to go without an answer, and is not available any more.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

from sysdesign.distributed.cap_theorem.disk import Journal
from sysdesign.distributed.cap_theorem.merging import KINDS, Context, Mergeable, decode, encode
from sysdesign.distributed.cap_theorem.network import Message, Rounds, Wires
from sysdesign.storage.replication.wire import Refused

GOSSIP_SECONDS = 0.05
"""Between two times at which a node tells another all that it knows: so what was lost on the way arrives in the end."""

RESEND_SECONDS = 0.02
PATIENCE_SECONDS = 0.3
LAST_WRITE_WINS = "last write wins"


class AvailableNode:
    """One of the nodes. Its state is what the journal says.

    Args:
        name: What the others call it.
        wires: To the other nodes.
        journal: Its disk.
        clock: What it takes for the time, in seconds; other nodes may take another time for it.
        chance: For whom it tells what it knows, and for the numbers of its rounds.
    """

    def __init__(
        self, name: str, wires: Wires, journal: Journal, clock: Callable[[], float], chance: random.Random
    ) -> None:
        self.name = name
        self._wires, self._journal, self._clock, self._chance = wires, journal, clock, chance
        self._rounds = Rounds(wires, RESEND_SECONDS, first=chance.getrandbits(48))
        self._states: dict[str, Any] = {}
        for fact in journal.replay():
            self._states.update({key: decode(state) for key, state in fact.items()})

    # What clients ask

    async def read(self, key: str, *, kind: str = LAST_WRITE_WINS, quorum: int = 1) -> Message:
        """Answer with a key's value and its context, as `quorum` nodes know it together. Raises Refused, NotAcknowledged."""
        if quorum > 1:
            for answer in await self._rounds.ask(quorum - 1, PATIENCE_SECONDS, "fetch", key=key):
                self._merge(answer["states"])
        value, context = self._state(key, kind).read()
        return {"value": value, "context": context}

    async def write(
        self, key: str, value: Any, *, kind: str = LAST_WRITE_WINS, quorum: int = 1, context: Context | None = None
    ) -> Message:
        """Change a key's value, tell all, and answer when `quorum` nodes have it on their disks. Raises NotAcknowledged if they do not."""
        states = {key: encode(self._state(key, kind).change(self.name, self._clock(), value, context or {}))}
        self._merge(states)
        await self._rounds.ask(quorum - 1, PATIENCE_SECONDS, "merge", states=states)
        return {}

    async def swap(self, key: str, expected: str | None, value: str) -> Message:
        """Set a key's value if it is as expected in this node's copy: another node may do the same at the same time."""
        swapped = self._state(key, LAST_WRITE_WINS).read()[0] == expected
        if swapped:
            await self.write(key, value)
        return {"swapped": swapped}

    async def status(self) -> Message:
        """Answer as a consistent node does; each of these serves at any time."""
        return {"term": 0, "leads": True, "sent": self._wires.sent}

    def _state(self, key: str, kind: str) -> Mergeable:
        state = self._states[key] if key in self._states else KINDS[kind]()
        if not isinstance(state, KINDS[kind]):
            message = f"{key} does not hold what is merged as {kind}"
            raise Refused(message)
        known: Mergeable = state
        return known

    def _merge(self, states: dict[str, Any]) -> None:
        """Merge with what others know: on the disk first."""
        merged = {key: decode(state) for key, state in states.items()}
        merged.update({key: self._states[key].merge(state) for key, state in merged.items() if key in self._states})
        changed = {key: state for key, state in merged.items() if state != self._states.get(key)}
        if changed:
            self._journal.write({key: encode(state) for key, state in changed.items()})
            self._states.update(changed)

    # What other nodes send

    def receive(self, message: Message) -> None:
        """Take a message."""
        if message["kind"] == "answer":
            self._rounds.answered(message)
            return
        known = {}
        if message["kind"] == "fetch" and message["key"] in self._states:
            known = {message["key"]: encode(self._states[message["key"]])}
        self._merge(message.get("states", {}))
        if message["round"]:  # gossip wants no answer
            self._wires.send(message["sender"], "answer", round=message["round"], states=known)

    async def work(self) -> None:
        """Tell another node all that this one knows, again and again."""
        while True:
            await asyncio.sleep(GOSSIP_SECONDS)
            peer = self._chance.choice(sorted(self._wires.peers))
            self._wires.send(peer, "merge", round=0, states={key: encode(state) for key, state in self._states.items()})

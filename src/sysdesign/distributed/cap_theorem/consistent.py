"""A consistent node (CP): an elected leader does one thing at a time, and nothing counts before a majority has it on its disks.

Every term has one leader at most, for a node gives its vote in a term once, and a majority of votes is needed. A voter sends all that it
has accepted along with its vote, and accepts nothing of earlier terms any more. So the new leader knows whatever any leader before it
may have acknowledged; it puts its own term on that, has it confirmed by a majority, and only then serves. This is Paxos with one leader,
a register a key; a write of an earlier term that was never confirmed may come to life then, which is why nobody was told that it failed.

A read is confirmed like a write: a leader may have been deposed without knowing. Or it holds a lease: a majority that has just
heard of the leader elects no other for a while, and for a shorter while, by its own clock, the leader may answer alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sysdesign.distributed.cap_theorem.disk import Journal
from sysdesign.distributed.cap_theorem.network import Message, Rounds, Wires
from sysdesign.storage.replication.wire import NotAcknowledged, Refused

Version = tuple[int, int]
"""The term in which a value was set, and its number in that term. The greater one is the later one."""

Cells = dict[str, tuple[Version, str]]


@dataclass(frozen=True)
class Times:
    """How long what takes, in seconds. Safety depends on one of them alone: the lease must be shorter than the loyalty."""

    heartbeat: float = 0.02
    loyalty: float = 0.08
    """For so long a node that has heard of a leader votes for no other."""
    lease: float = 0.06
    resign: float = 1.0
    """After so long without a majority's word a leader ceases to be one: it may reach others without hearing them."""
    patience: float = 0.06
    """With a majority's confirmation of one operation."""

    def scaled(self, factor: float) -> Times:
        """Return times for a network that is so much slower."""
        return Times(**{name: seconds * factor for name, seconds in asdict(self).items()})


DEFAULT_TIMES = Times()


class ConsistentNode:
    """One of the nodes. Its state is what the journal says: the term, the vote in it, and the cells.

    Args:
        name: What the others call it.
        wires: To the other nodes; a majority of all, this one included, is a quorum.
        journal: Its disk.
        clock: Seconds that pass steadily; it need not show the right time.
        chance: For the time to the next candidacy, so that two candidates do not hinder each other for ever.
        times: See there.
    """

    def __init__(
        self,
        name: str,
        wires: Wires,
        journal: Journal,
        clock: Callable[[], float],
        chance: random.Random,
        times: Times = DEFAULT_TIMES,
    ) -> None:
        self.name = name
        self._wires, self._journal, self._clock, self._chance, self._times = wires, journal, clock, chance, times
        self._rounds = Rounds(wires, times.heartbeat, first=chance.getrandbits(48))
        self._term, self._voted_for, self._serves = 0, "", False
        self._cells: Cells = {}
        self._confirmed: dict[str, Version] = {}
        self._number = 0
        self._lease_until = self._heard = clock()  # it may have promised its loyalty just before it was killed
        for fact in journal.replay():
            self._recall(**fact)

    def _recall(self, term: int = 0, vote: str = "", cells: dict[str, Any] | None = None) -> None:
        """Take a fact from the journal."""
        if cells is None:
            self._term, self._voted_for = term, vote
        self._cells.update({key: ((version[0], version[1]), value) for key, (version, value) in (cells or {}).items()})

    # What clients ask

    async def read(self, key: str, *, lease: bool = False) -> Message:
        """Answer with a key's value: under a lease if the client allows that and there is one, else when it is confirmed.

        Raises:
            Refused: This node is no leader.
            NotAcknowledged: A majority did not confirm it in time.
        """
        self._must_lead()
        cell = self._cells.get(key)
        if not (lease and self._holds_lease() and self._is_confirmed(key)):
            await self._confirm({key: cell} if cell else {})
        return {"value": cell and cell[1]}

    async def write(self, key: str, value: str) -> Message:
        """Set a key's value, and answer when a majority has it. Raises Refused, NotAcknowledged."""
        self._must_lead()
        await self._put(key, value)
        return {}

    async def swap(self, key: str, expected: str | None, value: str) -> Message:
        """Set a key's value if it is as expected, and answer whether it was. Raises Refused, NotAcknowledged."""
        self._must_lead()
        cell = self._cells.get(key)
        swapped = (cell and cell[1]) == expected
        if swapped:  # nothing comes between the look and the act, for nothing is awaited
            await self._put(key, value)
        else:
            await self._confirm({key: cell} if cell else {})
        return {"swapped": swapped}

    async def status(self) -> Message:
        """Answer with the term, whether this node serves in it, and how many messages it has sent."""
        return {"term": self._term, "leads": self._serves, "sent": self._wires.sent}

    def _must_lead(self) -> None:
        if not self._serves:
            message = f"{self.name} does not lead in term {self._term}"
            raise Refused(message)

    def _holds_lease(self) -> bool:
        return self._clock() < self._lease_until

    def _is_confirmed(self, key: str) -> bool:
        """Whether the key's value, or that it has none, is known to a majority; what is under way may still be lost."""
        cell = self._cells.get(key)
        return cell is None or self._confirmed.get(key) == cell[0]

    async def _put(self, key: str, value: str) -> None:
        cells = {key: (self._next_version(), value)}
        self._accept(cells)
        await self._confirm(cells)

    def _next_version(self) -> Version:
        self._number += 1
        return self._term, self._number

    def _accept(self, cells: Cells) -> None:
        """Take over what is newer than what is here: on the disk first."""
        newer = {key: cell for key, cell in cells.items() if key not in self._cells or self._cells[key][0] < cell[0]}
        if newer:
            self._journal.write({"cells": newer})
            self._cells.update(newer)

    async def _confirm(self, cells: Cells, patience_seconds: float | None = None) -> None:
        """Return when a majority has these cells, and obeyed this leader still: no other can have been elected before this began."""
        begin, patience = self._clock(), patience_seconds or self._times.patience
        await self._rounds.ask(self._write_quorum(), patience, "store", term=self._term, cells=cells)
        self._lease_until, self._heard = begin + self._times.lease, max(begin, self._heard)
        self._confirmed.update({key: version for key, (version, _) in cells.items()})

    # How many are enough

    def _write_quorum(self) -> int:
        """How many others must confirm. Together with an election's they are more than all, so that one node at least is in both."""
        return (len(self._wires.peers) + 1) // 2

    def _election_quorum(self) -> int:
        """How many others must vote."""
        return (len(self._wires.peers) + 1) // 2

    # Who leads

    async def work(self) -> None:
        """Send heartbeats as long as this node leads, and stand for election when no leader is heard of; for ever."""
        while True:
            if self._serves:
                await self._beat()
                continue
            wait = self._heard + self._patience() - self._clock()
            if wait > 0:
                await asyncio.sleep(wait)
            else:
                with contextlib.suppress(NotAcknowledged):
                    await self._stand()

    def _patience(self) -> float:
        return self._times.loyalty * self._chance.uniform(1, 2)

    async def _beat(self) -> None:
        try:
            await self._confirm({}, self._times.resign)
        except NotAcknowledged:
            self._serves = False
        await asyncio.sleep(self._times.heartbeat)

    async def _stand(self) -> None:
        """Ask whether the others would vote at all, so that a node that nobody misses disturbs nobody; then ask for their votes."""
        await self._rounds.ask(self._election_quorum(), self._patience(), "poll")
        if self._serves or self._is_loyal():
            return
        self._enter(self._term + 1, vote=self.name)
        term = self._term
        votes = await self._rounds.ask(self._election_quorum(), self._patience(), "vote", term=term)
        if self._term == term:
            cells = self._inherit(votes)
            await self._confirm(cells)
            self._serves = self._term == term

    def _inherit(self, votes: list[Message]) -> Cells:
        """Take the newest of what the voters have accepted, and put this term on it: so it beats all that any earlier leader began."""
        newest = dict(self._cells)
        for vote in votes:
            for key, (version, value) in vote["cells"].items():
                if key not in newest or newest[key][0] < tuple(version):
                    newest[key] = (tuple(version), value)
        self._number, self._confirmed = 0, {}
        cells = {key: (self._next_version(), value) for key, (_, value) in newest.items()}
        self._accept(cells)
        return cells

    def _is_loyal(self) -> bool:
        return self._clock() < self._heard + self._times.loyalty

    def _enter(self, term: int, vote: str = "") -> None:
        """Begin a term, with a vote or without: on the disk first, or it could be given twice."""
        self._journal.write({"term": term, "vote": vote})
        self._term, self._voted_for, self._serves = term, vote, False

    # What other nodes send

    def receive(self, message: Message) -> None:
        """Take a message."""
        kind, term = message["kind"], message.get("term", self._term)
        if kind == "answer":
            self._rounds.answered(message)
        elif term < self._term:
            self._wires.send(message["sender"], "late", term=self._term)
        elif kind == "late":
            if term > self._term:
                self._enter(term)
        elif kind == "store":
            self._obey(message)
        elif not self._is_loyal():
            self._vote(message)

    def _obey(self, message: Message) -> None:
        if message["term"] > self._term:
            self._enter(message["term"])
        self._heard = self._clock()
        self._accept({key: ((version[0], version[1]), value) for key, (version, value) in message["cells"].items()})
        self._wires.send(message["sender"], "answer", round=message["round"])

    def _vote(self, message: Message) -> None:
        """Answer a poll, or give the vote of a term to the first that asks for it."""
        if message["kind"] == "poll":
            self._wires.send(message["sender"], "answer", round=message["round"])
            return
        if message["term"] > self._term:
            self._enter(message["term"], message["sender"])
        if self._voted_for == message["sender"]:
            self._wires.send(message["sender"], "answer", round=message["round"], cells=self._cells)

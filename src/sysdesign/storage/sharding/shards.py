"""All shards as one: a transaction finds the shard of its key by itself, and a question without a key is put to every shard.

There is no directory beside the shards that could be lost or be out of step with them: who owns which slot is what the shards say. A client
keeps a map of their answers, and is corrected by the shard that it asks wrongly.
"""

# ruff: noqa: S608 - names in statements are the program's own; values are parameters

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sysdesign.storage.sharding.placement import Ring, slot_of
from sysdesign.storage.sharding.shard import Execute, Moved, Row, Shard, ShardDown, State

T = TypeVar("T")

SLOTS = 1_024
ATTEMPTS = 20
"""How often to follow a slot that moves under one's feet; each time takes a whole move of that slot."""


@dataclass(frozen=True)
class Answer:
    """What the shards answered together."""

    rows: list[Row]
    """The rows of all slots that were answered for, each slot by one shard."""
    asked: int
    """How many shards were asked."""
    down: tuple[str, ...] = ()
    """Shards that did not answer."""
    missing: frozenset[int] = field(default_factory=frozenset)
    """Slots for which nobody has answered: their rows are not in the answer."""

    @property
    def whole(self) -> bool:
        """Whether every slot was answered for."""
        return not self.missing


@dataclass(frozen=True)
class Part:
    """What one shard answered: its rows by slot, for every slot that it owned at that moment, and under which epoch."""

    epochs: dict[int, int]
    rows: dict[int, list[Row]]


def found(shards: Iterable[Shard], ring: Ring) -> None:
    """Make new shards, and let each own the slots that are its own on the ring; a shard that is not on it owns nothing yet."""
    for shard in shards:
        shard.create()
        shard.found(slot for slot, owner in enumerate(ring.owners) if owner == shard.name)


class Shards:
    """A client of all shards, for any number of threads.

    Args:
        shards: All that own slots, or may come to.
        slots: How many slots there are; the same for ever.
    """

    def __init__(self, shards: Iterable[Shard], slots: int = SLOTS) -> None:
        self.shards = {shard.name: shard for shard in shards}
        self.slots = slots
        self._owners: dict[int, str] = {}

    def slot_of(self, key: str) -> int:
        """Return the slot of a key."""
        return slot_of(key, self.slots)

    def home(self, key: str) -> str:
        """Return the name of the shard that holds the key, as far as this client knows. Raises ShardDown."""
        return self.owner(self.slot_of(key))

    def write(self, key: str, work: Callable[[Execute], T]) -> T:
        """Do `work` in a transaction of the shard that owns the key's slot, which cannot move meanwhile.

        Raises:
            ShardDown: That shard does not answer; whether the work is done is not known.
        """
        return self._on(key, work, writes=True)

    def read(self, key: str, work: Callable[[Execute], T]) -> T:
        """Do `work`, which writes nothing, on the shard that owns the key's slot, as of one moment. Raises ShardDown."""
        return self._on(key, work, writes=False)

    def _on(self, key: str, work: Callable[[Execute], T], *, writes: bool) -> T:
        slot = self.slot_of(key)
        for _ in range(ATTEMPTS):
            shard = self.shards[self.owner(slot)]
            try:
                with shard.transaction() if writes else shard.snapshot() as execute:
                    shard.owns(execute, slot, shard.for_share if writes else "")
                    return work(execute)
            except Moved as moved:
                self._follow(moved)
        message = f"slot {slot} has moved {ATTEMPTS} times"
        raise ShardDown(message)

    def owner(self, slot: int) -> str:
        """Return the name of the shard that owns a slot, as far as this client knows. Raises ShardDown."""
        if slot not in self._owners:
            down = self.learn()
            if slot not in self._owners:
                message = f"nobody who answers owns slot {slot}; silent: {', '.join(down) or 'none'}"
                raise ShardDown(message)
        return self._owners[slot]

    def _follow(self, moved: Moved) -> None:
        if moved.heir is None:
            self.learn()
        else:
            self.shards[moved.heir].take(moved.slot, moved.epoch)
            self._owners[moved.slot] = moved.heir

    def learn(self) -> list[str]:
        """Ask all shards which slots they own, or have handed to whom; complete what was handed over; return who is silent."""
        latest: dict[int, tuple[int, str]] = {}
        down = []
        for name, shard in self.shards.items():
            try:
                with shard.snapshot() as execute:
                    rows = execute("SELECT slot, state, epoch, heir FROM slots WHERE state <> ?", State.ARRIVING)
            except ShardDown:
                down.append(name)
                continue
            for slot, state, epoch, heir in rows:
                if state == State.MOVED:
                    with suppress(ShardDown):
                        self.shards[heir].take(slot, epoch)
                latest[slot] = max(latest.get(slot, (0, "")), (epoch, heir or name))
        self._owners.update({slot: owner for slot, (_, owner) in latest.items()})
        return down

    def scatter(self, table: str, columns: str, condition: str, *parameters: Any) -> Answer:
        """Put a question without a key to every shard at once, and gather what they answer, each slot once.

        Slots that move while the question is on its way may be answered for twice or by nobody: of two answers the later epoch's counts,
        and for no answer all are asked again, unless a shard is silent.

        Args:
            table: A table of `TABLES`.
            columns: Which of its columns; trusted, as is the condition.
            condition: With `?` for each parameter.
            parameters: Values.
        """

        def ask(shard: Shard) -> Part | None:
            try:
                with shard.snapshot() as execute:
                    epochs: dict[int, int] = dict(execute("SELECT slot, epoch FROM slots WHERE state = ?", State.OWNED))
                    found: dict[int, list[Row]] = {slot: [] for slot in epochs}
                    question = (
                        f"SELECT slot, {columns} FROM {table} JOIN slots USING (slot) WHERE state = ? AND ({condition})"
                    )
                    for slot, *row in execute(question, State.OWNED, *parameters):
                        found[slot].append(tuple(row))
                    return Part(epochs, found)
            except ShardDown:
                return None

        for attempt in range(ATTEMPTS):
            if attempt:
                self.learn()
            with ThreadPoolExecutor(len(self.shards)) as pool:
                parts = dict(zip(self.shards, pool.map(ask, self.shards.values()), strict=True))
            answer = self._gather(parts)
            if answer.whole or answer.down:
                break
        return answer

    def _gather(self, parts: dict[str, Part | None]) -> Answer:
        latest: dict[int, Part] = {}
        for part in filter(None, parts.values()):
            for slot, epoch in part.epochs.items():
                if slot not in latest or latest[slot].epochs[slot] < epoch:
                    latest[slot] = part
        rows = [row for slot, part in latest.items() for row in part.rows[slot]]
        down = tuple(name for name, part in parts.items() if part is None)
        return Answer(rows, len(parts), down, frozenset(range(self.slots)) - latest.keys())

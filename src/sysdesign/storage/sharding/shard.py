"""One shard: a database that knows which slots it owns.

Each row belongs to a slot, and every transaction first looks whether the slot is here. So a client with an old map is told so by the shard
itself, in the same transaction in which it would have done harm.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeAlias

Row: TypeAlias = tuple[Any, ...]

TABLES = {
    "users": "name TEXT NOT NULL, balance BIGINT NOT NULL CHECK (balance >= 0)",
    "names": "owner TEXT NOT NULL",
    "sent": "payer TEXT NOT NULL, payee TEXT NOT NULL, amount BIGINT NOT NULL, outcome TEXT NOT NULL",
    "received": "accepted BOOLEAN NOT NULL",
    "counters": "value BIGINT NOT NULL, parts INTEGER NOT NULL",
}
"""What is sharded: each table has an `id` and its `slot` in front of these columns, and moves with its slot."""


class ShardDown(ConnectionError):  # noqa: N818 - the name of the event
    """A shard does not answer; whether a write to it has happened is not known."""


class Moved(Exception):  # noqa: N818 - an answer, not a mistake
    """A slot is not owned here. The shard names its heir, if it has handed the slot over, and under which epoch."""

    def __init__(self, slot: int, heir: str | None, epoch: int) -> None:
        super().__init__(f"slot {slot} has moved to {heir}")
        self.slot, self.heir, self.epoch = slot, heir, epoch


class State(StrEnum):
    """What a slot is to a shard. A slot that is not listed was never here."""

    OWNED = "owned"
    ARRIVING = "arriving"
    """Being copied to here: not to be read, not to be written but by the one that copies."""
    MOVED = "moved"
    """Handed over to its heir; the rows may still be here, and do not count."""
    GONE = "gone"
    """Handed over, and the rows are deleted."""


class Execute(Protocol):
    """Run one statement, with `?` for each parameter, and return its rows."""

    def __call__(self, statement: str, *parameters: Any) -> list[Row]:
        """Run one statement."""


class Shard(ABC):
    """A shard by its name."""

    for_share: ClassVar[str] = ""
    """Behind a SELECT of a transaction: its rows stay as they are until the end, though others may do the same."""
    for_update: ClassVar[str] = ""
    """The same, and others wait."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def create(self) -> None:
        """Make the shard where there is none, with its tables."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Execute]:
        """Write, all or nothing. Raises ShardDown."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Execute]:
        """Read, all as of one moment. Raises ShardDown."""

    def close(self) -> None:  # noqa: B027 - not every shard keeps something open
        """Let go of what is open."""

    def owns(self, execute: Execute, slot: int, lock: str) -> int:
        """Return the epoch under which the slot is owned here, and lock that. Raises Moved."""
        rows = execute("SELECT state, heir, epoch FROM slots WHERE slot = ?" + lock, slot)  # noqa: S608 - a constant
        state, heir, epoch = rows[0] if rows else (None, None, 0)
        if state != State.OWNED:
            raise Moved(slot, heir, epoch)
        return int(epoch)

    def look(self, question: str) -> list[Row]:
        """Return what lies here, whether it counts or not: for operators, and for whoever does not believe the rest."""
        with self.snapshot() as execute:
            return execute(question)

    def clear(self) -> None:
        """Own nothing and hold nothing any more."""
        with self.transaction() as execute:
            for table in ("slots", *TABLES):
                execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables

    def found(self, slots: Iterable[int]) -> None:
        """Own slots that nobody has owned before."""
        with self.transaction() as execute:
            for slot in slots:
                execute("INSERT INTO slots VALUES (?, ?, 1, NULL)", slot, State.OWNED)

    def take(self, slot: int, epoch: int) -> None:
        """Own a slot that was handed over under this epoch; whoever has heard of that may say so, and as often as they like."""
        with self.transaction() as execute:
            statement = "UPDATE slots SET state = ? WHERE slot = ? AND epoch = ? AND state = ?"
            execute(statement, State.OWNED, slot, epoch, State.ARRIVING)


def create_tables(execute: Execute) -> None:
    """Make what a shard needs, where it is not yet."""
    execute(
        "CREATE TABLE IF NOT EXISTS slots (slot INTEGER PRIMARY KEY, state TEXT NOT NULL, epoch BIGINT NOT NULL, heir TEXT)"
    )
    for table, columns in TABLES.items():
        execute(f"CREATE TABLE IF NOT EXISTS {table} (id TEXT PRIMARY KEY, slot INTEGER NOT NULL, {columns})")
        execute(f"CREATE INDEX IF NOT EXISTS {table}_by_slot ON {table} (slot)")

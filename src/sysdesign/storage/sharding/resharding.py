"""Resharding: slots move to where another ring wants them, one after the other, while everybody reads and writes.

A slot has one owner at every moment, and the owner changes in one transaction of the old one. Until then the copy counts for nothing;
from then on it is complete. So nothing is written twice, nothing has to be merged, and wherever the resharder is killed, it can be
started again: it finds by the states of the slots what remains to be done.

Most of a slot is copied while it is being written to. What has changed since is copied under a lock that holds up the writers of this one
slot, and then both copies are compared, and then the slot is handed over. Rows are deleted last.
"""

# ruff: noqa: S608 - names in statements are those of TABLES; values are parameters

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeAlias

from sysdesign.storage.sharding.placement import Ring
from sysdesign.storage.sharding.shard import TABLES, Execute, Row, Shard, State
from sysdesign.storage.sharding.shards import Shards

Rows: TypeAlias = dict[str, set[Row]]


class Step(StrEnum):
    """What can have been done last when a resharder dies."""

    OPENED = "opened"
    COPIED = "copied"
    CONFIRMED = "confirmed"
    """Both copies are equal and the slot is locked: its writers wait."""
    HANDED_OVER = "handed over"
    TAKEN = "taken"
    DELETED = "deleted"


class Superseded(Exception):  # noqa: N818 - the name of the event
    """Another resharder has begun to move the same slot: this one must not touch it any more."""


class CopyDiffers(Exception):  # noqa: N818 - the name of the event
    """The copy of a slot is not equal to the slot. It was not handed over."""


class Resharder:
    """Moves slots. Several may run at once: whoever begins with a slot later has it.

    Args:
        shards: All that own slots, or shall own some.
        report: Is told each step of each slot when it is done; may slow things down, and may raise to stop.
    """

    def __init__(
        self, shards: Iterable[Shard], report: Callable[[Step, int], None] = lambda _step, _slot: None
    ) -> None:
        self._shards = {shard.name: shard for shard in shards}
        self._report = report

    def run(self, target: Ring) -> None:
        """Move every slot to where `target` wants it; first bring to an end what another run has left. Raises ShardDown."""
        for shard in self._shards.values():
            for slot, heir, epoch in self._unfinished(shard):
                self._finish(slot, shard, self._shards[heir], epoch)
        owners = Shards(self._shards.values(), len(target.owners))
        for slot, wanted in enumerate(target.owners):
            if (owner := owners.owner(slot)) != wanted:
                self.move(slot, self._shards[owner], self._shards[wanted])

    def _unfinished(self, shard: Shard) -> list[Row]:
        with shard.snapshot() as execute:
            return execute("SELECT slot, heir, epoch FROM slots WHERE state = ?", State.MOVED)

    def move(self, slot: int, source: Shard, target: Shard) -> None:
        """Move one slot. Raises ShardDown, Superseded, CopyDiffers, Moved; then run again."""
        epoch = self._open(slot, source, target)
        self._report(Step.OPENED, slot)
        with source.snapshot() as execute:
            rows = read(execute, slot)
        self._copy(slot, rows, target, epoch)
        self._report(Step.COPIED, slot)
        self._hand_over(slot, source, target, epoch)
        self._report(Step.HANDED_OVER, slot)
        self._finish(slot, source, target, epoch)

    def _open(self, slot: int, source: Shard, target: Shard) -> int:
        """Let the slot arrive at the target, under an epoch that no other attempt has. Its owner cannot change meanwhile."""
        with source.transaction() as at_source, target.transaction() as at_target:
            owned = source.owns(at_source, slot, source.for_update)
            known = at_target("SELECT epoch FROM slots WHERE slot = ?", slot)
            epoch = max([owned, *(epoch for (epoch,) in known)]) + 1
            at_target("DELETE FROM slots WHERE slot = ?", slot)
            at_target("INSERT INTO slots VALUES (?, ?, ?, NULL)", slot, State.ARRIVING, epoch)
        return int(epoch)

    def _copy(self, slot: int, wanted: Rows, target: Shard, epoch: int) -> None:
        """Make the target's copy equal to the rows given, by what differs alone; and see that it is."""
        with target.transaction() as execute:
            question = "SELECT epoch FROM slots WHERE slot = ? AND state = ?" + target.for_update
            if execute(question, slot, State.ARRIVING) != [(epoch,)]:
                raise Superseded(slot)
            there = read(execute, slot)
            for table in TABLES:
                for row in there[table] - wanted[table]:
                    execute(f"DELETE FROM {table} WHERE id = ?", row[0])
                for row in wanted[table] - there[table]:
                    execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", *row)

    def _hand_over(self, slot: int, source: Shard, target: Shard, epoch: int) -> None:
        """Copy what has changed, see that the copy is equal, and give the slot up: the one moment at which its owner changes."""
        with source.transaction() as execute:
            source.owns(execute, slot, source.for_update)
            rows = read(execute, slot)
            self._copy(slot, rows, target, epoch)
            with target.snapshot() as at_target:
                if read(at_target, slot) != rows:
                    raise CopyDiffers(slot)
            self._report(Step.CONFIRMED, slot)
            gives_up = "UPDATE slots SET state = ?, heir = ?, epoch = ? WHERE slot = ?"
            execute(gives_up, State.MOVED, target.name, epoch, slot)

    def _finish(self, slot: int, source: Shard, target: Shard, epoch: int) -> None:
        """Let the target own what was handed over to it, and delete the rows at the source."""
        target.take(slot, epoch)
        self._report(Step.TAKEN, slot)
        with source.transaction() as execute:
            gone = execute(
                "UPDATE slots SET state = ? WHERE slot = ? AND state = ? AND epoch = ? RETURNING slot",
                State.GONE,
                slot,
                State.MOVED,
                epoch,
            )
            for table in TABLES if gone else ():
                execute(f"DELETE FROM {table} WHERE slot = ?", slot)
        self._report(Step.DELETED, slot)


def read(execute: Execute, slot: int) -> Rows:
    """Return all rows of a slot, by table."""
    return {table: set(execute(f"SELECT * FROM {table} WHERE slot = ?", slot)) for table in TABLES}

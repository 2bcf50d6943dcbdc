"""Money from a user on one shard to a user on another: a saga, because no transaction spans two shards.

The payer's shard takes the money and writes down what it owes, in one transaction. What is owed is delivered until it has arrived: the
payee's shard takes it or refuses it, and remembers which, in one transaction, so that a second delivery changes nothing. What is refused
goes back. Between the two the money is under way, and in nobody's balance: all or nothing in the end, and not at every moment.

A two-phase commit would hide that state, and hold locks on both shards while its coordinator is away; SQLite has none across files that
survives every crash, and PostgreSQL's PREPARE TRANSACTION is off by default.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from sysdesign.storage.sharding.shard import Execute, ShardDown
from sysdesign.storage.sharding.shards import Shards
from sysdesign.storage.sharding.users import UnknownUser


class NotEnough(Exception):  # noqa: N818 - the name of the event
    """The payer has less than that."""


class Outcome(StrEnum):
    """What has become of a transfer."""

    UNDER_WAY = "under way"
    ARRIVED = "arrived"
    RETURNED = "returned"


@dataclass(frozen=True)
class Transfer:
    """An amount, in cents, from one user to another, under an id of the caller's choice: the same id is the same transfer."""

    id: str
    payer: str
    payee: str
    amount: int


class Transfers:
    """Transfers between users of any two shards."""

    def __init__(self, shards: Shards) -> None:
        self._shards = shards

    def make(self, transfer: Transfer) -> Outcome:
        """Send the money and deliver it; if the payee's shard is down it stays under way, for `settle`.

        Raises:
            NotEnough: Nothing was sent.
            UnknownUser: There is no such payer; nothing was sent.
            ShardDown: The payer's shard does not answer; make the transfer again, under the same id.
        """
        outcome = self._shards.write(transfer.payer, lambda execute: self._send(execute, transfer))
        if outcome != Outcome.UNDER_WAY:
            return outcome
        with suppress(ShardDown):
            return self.deliver(transfer)
        return Outcome.UNDER_WAY

    def _send(self, execute: Execute, transfer: Transfer) -> Outcome:
        """On the payer's shard, in one transaction: take the money, and write down what is owed."""
        if known := execute("SELECT outcome FROM sent WHERE id = ?", transfer.id):
            return Outcome(known[0][0])
        taken = execute(
            "UPDATE users SET balance = balance - ? WHERE id = ? AND balance >= ? RETURNING id",
            transfer.amount,
            transfer.payer,
            transfer.amount,
        )
        if not taken:
            known = execute("SELECT id FROM users WHERE id = ?", transfer.payer)
            raise NotEnough(transfer) if known else UnknownUser(transfer.payer)
        row = (transfer.id, self._shards.slot_of(transfer.payer), transfer.payer, transfer.payee, transfer.amount)
        execute("INSERT INTO sent VALUES (?, ?, ?, ?, ?, ?)", *row, Outcome.UNDER_WAY)
        return Outcome.UNDER_WAY

    def deliver(self, transfer: Transfer) -> Outcome:
        """Bring what is owed to the payee, or back if there is no such user; as often as one likes. Raises ShardDown."""
        accepted = self._shards.write(transfer.payee, lambda execute: self._receive(execute, transfer))
        outcome = Outcome.ARRIVED if accepted else Outcome.RETURNED
        self._shards.write(transfer.payer, lambda execute: self._close(execute, transfer, outcome))
        return outcome

    def _receive(self, execute: Execute, transfer: Transfer) -> bool:
        """On the payee's shard, in one transaction: decide once, and act once."""
        slot = self._shards.slot_of(transfer.payee)
        exists = bool(execute("SELECT id FROM users WHERE id = ?", transfer.payee))
        first = execute(
            "INSERT INTO received VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id", transfer.id, slot, exists
        )
        if first and exists:
            execute("UPDATE users SET balance = balance + ? WHERE id = ?", transfer.amount, transfer.payee)
        ((accepted,),) = execute("SELECT accepted FROM received WHERE id = ?", transfer.id)
        return bool(accepted)

    def _close(self, execute: Execute, transfer: Transfer, outcome: Outcome) -> None:
        """On the payer's shard, in one transaction: strike out what is owed, and take it back if it was refused."""
        closed = execute(
            "UPDATE sent SET outcome = ? WHERE id = ? AND outcome = ? RETURNING id",
            outcome,
            transfer.id,
            Outcome.UNDER_WAY,
        )
        if closed and outcome == Outcome.RETURNED:
            execute("UPDATE users SET balance = balance + ? WHERE id = ?", transfer.amount, transfer.payer)

    def under_way(self) -> list[Transfer]:
        """Return the transfers that have not come to an end, of all shards that answer."""
        rows = self._shards.scatter("sent", "id, payer, payee, amount", "outcome = ?", Outcome.UNDER_WAY).rows
        return [Transfer(*row) for row in rows]

    def settle(self) -> None:
        """Bring to an end whatever is under way and can be; whoever runs this now and then completes what others have left."""
        for transfer in self.under_way():
            with suppress(ShardDown):
                self.deliver(transfer)

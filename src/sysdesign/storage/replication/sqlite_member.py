"""A member that is a node of ours: a log and a SQLite file in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sysdesign.storage.replication.cluster import Answer, Member, Status
from sysdesign.storage.replication.log import Mark
from sysdesign.storage.replication.wire import Address, Connection

ANSWER_SECONDS = 5.0


class SqliteMember:
    """Speaks to one node over one connection.

    Args:
        name: What answers call it.
        where: Its host and port.
        patience_seconds: How long a write may wait for the replicas' word before it counts as not acknowledged.
    """

    def __init__(self, name: str, where: Address, patience_seconds: float = 10.0) -> None:
        self.name = name
        self.where = where
        self.patience_seconds = patience_seconds
        self._connection = Connection(where, ANSWER_SECONDS)

    def write(self, key: str, value: str) -> int:
        """Write and return the position of the write. Raises Refused, NotAcknowledged, OSError."""
        answer = self._connection.ask("write", key=key, value=value, patience_seconds=self.patience_seconds)
        return int(answer["position"])

    def read(self, key: str, at_least: int = 0) -> Answer | None:
        """Read; None if the node has not come to the position `at_least`. Raises OSError."""
        answer = self._connection.ask("read", key=key, at_least=at_least)
        return Answer(answer["value"], self.name, answer["position"]) if answer else None

    def status(self) -> Status:
        """Ask for role and positions. Raises OSError."""
        return _status(self._connection.ask("status"))

    def fence(self, epoch: int) -> Status:
        """Let the node obey no earlier epoch. Raises Refused, OSError."""
        return _status(self._connection.ask("fence", epoch=epoch))

    def lead(self, epoch: int, mode: str, followers: Mapping[str, tuple[Member, Address]]) -> None:
        """Make it the primary; it dials its followers, those included that are down at present. Raises Refused, OSError."""
        addresses = {name: address for name, (_, address) in followers.items()}
        self._connection.ask("lead", epoch=epoch, mode=mode, followers=addresses)

    def dials(self, follower: Member) -> Address:
        """A primary of ours opens the connection, to the follower."""
        return cast(SqliteMember, follower).where

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _status(answer: dict[str, Any]) -> Status:
    return Status(**{**answer, "received": Mark(*answer["received"])})

"""A cluster as its operator sees it: one primary, its replicas, and how a replica becomes the primary.

The same for every engine: a `Member` speaks to one node, whatever runs there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sysdesign.storage.replication.log import Mark
from sysdesign.storage.replication.wire import Address


class Answer(NamedTuple):
    """What a read returned, which node said so, and the position in history that it is from."""

    value: str | None
    node: str
    position: int


@dataclass(frozen=True)
class Status:
    """What a node says of itself.

    Attributes:
        role: `primary` or `replica`.
        position: Up to where its readers see the history.
        received: How far the history goes that lies on its disk.
        torn: How many log entries it has found torn or altered, and fetched again.
    """

    role: str
    position: int
    received: Mark
    torn: int = 0


class Member(Protocol):
    """One node, spoken to in its engine's way. Each method raises OSError when the node does not answer."""

    @property
    def name(self) -> str:
        """What answers call it."""

    def write(self, key: str, value: str) -> int:
        """Write, and return the position of the write, which is the token. Raises Refused, NotAcknowledged."""

    def read(self, key: str, at_least: int = 0) -> Answer | None:
        """Read; None if the node has not come to the position `at_least`."""

    def status(self) -> Status:
        """Ask for the node's role and positions."""

    def fence(self, epoch: int) -> Status:
        """Let the node obey no earlier epoch, and say how far it came. Raises Refused."""

    def lead(self, epoch: int, mode: str, followers: Mapping[str, tuple[Member, Address]]) -> None:
        """Make the node the primary of these followers, each with the address that its wire leads to."""

    def dials(self, follower: Member) -> Address:
        """Return the address that the wire between this primary and a follower leads to, whoever of the two opens it."""


class NoMajority(Exception):  # noqa: N818 - the reason why nobody was promoted
    """Fewer than half of the nodes can be reached: the others may have a primary of their own."""


class Cluster:
    """A primary and its replicas.

    Args:
        primary: The node that takes the writes.
        replicas: The nodes that follow it.
        epoch: The epoch of that primary.
    """

    def __init__(self, primary: Member, replicas: Sequence[Member], epoch: int = 1) -> None:
        self.primary = primary
        self.replicas = list(replicas)
        self.mode = "asynchronous"
        self.epoch = epoch

    def route(self, primary: Member, follower: Member) -> Address:
        """Return the address by which the log travels from a primary to a follower."""
        return primary.dials(follower)

    def configure(self, mode: str) -> None:
        """Choose whom a write waits for.

        Args:
            mode: `asynchronous`: the primary's disk alone; `quorum`: a majority of all nodes; `synchronous`: every replica.
        """
        self.mode = mode
        followers = {replica.name: (replica, self.route(self.primary, replica)) for replica in self.replicas}
        self.primary.lead(self.epoch, mode, followers)

    def add(self, replica: Member) -> None:
        """Take in another replica; it is seeded while writes go on."""
        self.replicas.append(replica)
        self.configure(self.mode)

    def promote(self) -> Member:
        """Give a presumed dead primary's place to the most advanced replica, and return that.

        First a majority of the nodes promises to obey no earlier epoch. A write that a majority had acknowledged is on one of them at
        least, hence on the most advanced; and what the old primary takes from now on, no majority will ever acknowledge.

        Raises:
            NoMajority: Too few replicas answer. Nothing was promoted.
        """
        epoch = self.epoch + 1
        fenced: list[tuple[Member, Status]] = []
        for replica in self.replicas:
            try:
                fenced.append((replica, replica.fence(epoch)))
            except OSError:
                continue  # dead or cut off: the majority will do without it
        nodes = len(self.replicas) + 1
        if len(fenced) <= nodes // 2:
            message = f"{len(fenced)} of {nodes} nodes answer"
            raise NoMajority(message)
        chosen = self.most_advanced(fenced)
        self.replicas = [member for member in (self.primary, *self.replicas) if member is not chosen]
        self.primary, self.epoch = chosen, epoch
        self.configure(self.mode)
        return chosen

    @staticmethod
    def most_advanced(candidates: Sequence[tuple[Member, Status]]) -> Member:
        """Choose the member whose history goes furthest."""
        return max(candidates, key=lambda candidate: candidate[1].received)[0]

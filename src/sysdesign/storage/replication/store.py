"""The store as its clients see it: writes to the primary, reads from the replicas, and a token where a client must not read backwards."""

from __future__ import annotations

import contextlib
import itertools

from sysdesign.storage.replication.cluster import Answer, Cluster


class ReplicatedStore:
    """Splits writes and reads over a cluster's nodes.

    Args:
        cluster: Its primary takes the writes; its replicas answer the reads in turn.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._turns = itertools.count()

    def write(self, key: str, value: str) -> int:
        """Write to the primary and return the token: the position from which on a node has seen this write.

        Raises:
            Refused: The node is no primary any more; nothing was written.
            NotAcknowledged: Too few replicas have it; the outcome is unknown.
            OSError: The primary does not answer; the outcome is unknown.
        """
        return self._cluster.primary.write(key, value)

    def read(self, key: str, at_least: int = 0) -> Answer:
        """Read from the next replica that answers and has come to the position `at_least`; from the primary if none has."""
        replicas = self._cluster.replicas
        first = next(self._turns) % max(1, len(replicas))
        for replica in (*replicas[first:], *replicas[:first]):
            with contextlib.suppress(OSError):  # this one is down: the next can answer
                if answer := replica.read(key, at_least):
                    return answer
        if answer := self._cluster.primary.read(key):
            return answer
        raise ConnectionError("no node answers")

    def session(self) -> Session:
        """Begin a session, in which no read goes back behind what was written or read before."""
        return Session(self)


class Session:
    """One client's view: it reads its own writes, and time never runs backwards. All that it keeps is one position, the token."""

    def __init__(self, store: ReplicatedStore) -> None:
        self._store = store
        self.token = 0

    def write(self, key: str, value: str) -> None:
        """Write; later reads of this session see it."""
        self.advance(self._store.write(key, value))

    def read(self, key: str) -> Answer:
        """Read from a node that has come at least as far as this session has seen."""
        answer = self._store.read(key, at_least=self.token)
        self.advance(answer.position)
        return answer

    def advance(self, position: int) -> None:
        """Remember that this session has seen the history up to a position."""
        self.token = max(self.token, position)

"""Histories: what clients asked, when, and what they were told. A history is all that a checker sees; it knows nothing of the nodes."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from sysdesign.storage.replication.wire import NotAcknowledged, Refused

FOREVER = math.inf
"""When an operation ends of which nobody knows whether it took effect: it may still do so at any later time."""


@dataclass(frozen=True)
class Operation:
    """One operation on one key, by one client, from its call to its answer.

    `read` has `found` a value. `write` has set `value`. `swap` was to set `value` if `expected` was there, and has `swapped` or not.
    Of one that has no answer (its `end` is FOREVER) nobody knows whether it was done, or will be.
    """

    client: str
    action: str
    key: str
    begin: float
    end: float
    value: str | None = None
    expected: str | None = None
    found: str | None = None
    swapped: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether its outcome is unknown."""
        return self.end == FOREVER

    @property
    def rests_on(self) -> str | None:
        """The value that must have been there before it, if it was done: what was read, or found by a swap."""
        return None if self.has_failed else self.expected or self.found

    @property
    def only_looks(self) -> bool:
        """Whether it has certainly changed nothing."""
        return not self.is_pending and (self.action == "read" or self.has_failed)

    @property
    def has_failed(self) -> bool:
        """Whether it is a swap that found something else than it expected."""
        return self.action == "swap" and not (self.swapped or self.is_pending)

    def __str__(self) -> str:
        """Return what was asked and answered, as a reader of a counterexample wants it."""
        if self.action == "read":
            return f"read → {'?' if self.is_pending else self.found}"
        if self.action == "write":
            return f"write {self.value}" + (" → ?" if self.is_pending else "")
        answer = "?" if self.is_pending else "done" if self.swapped else "differs"
        return f"swap {self.expected} for {self.value} → {answer}"


class Store(Protocol):
    """What a client of any engine can do. Refused: it was not done. NotAcknowledged, OSError: nobody knows."""

    def read(self, key: str) -> str | None:
        """Return the value of a key, None if it has none."""

    def write(self, key: str, value: str) -> None:
        """Set the value of a key."""

    def swap(self, key: str, expected: str | None, value: str) -> bool:
        """Set the value of a key if it is as expected, in one step; tell whether it was."""


class Recorder:
    """Notes the operations of many clients, each of which calls from a thread of its own.

    Args:
        clock: One clock for all clients, in seconds: what it orders is called real time.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._incarnations: dict[str, int] = {}
        self.history: list[Operation] = []
        self.refused = 0
        """Operations that were not done, and said so: they are no part of the history."""

    def read(self, client: str, store: Store, key: str) -> Operation | None:
        """Read; return what is noted, None if nothing is."""
        return self._note(client, "read", key, lambda: {"found": store.read(key)})

    def write(self, client: str, store: Store, key: str, value: str) -> Operation | None:
        """Write; return what is noted, None if it was refused."""

        def ask() -> dict[str, object]:
            store.write(key, value)
            return {}

        return self._note(client, "write", key, ask, value=value)

    def swap(self, client: str, store: Store, key: str, expected: str | None, value: str) -> Operation | None:
        """Swap; return what is noted, None if it was refused."""
        asked = {"expected": expected, "value": value}
        return self._note(client, "swap", key, lambda: {"swapped": store.swap(key, expected, value)}, **asked)

    def _note(
        self, client: str, action: str, key: str, ask: Callable[[], dict[str, object]], **asked: str | None
    ) -> Operation | None:
        who = f"{client}.{self._incarnations[client]}" if client in self._incarnations else client
        begin = self._clock()
        try:
            told, end = ask(), self._clock()
        except Refused:
            self.refused += 1
            return None
        except (NotAcknowledged, OSError):
            # Whoever does not know what became of its operation goes on as another: a client has one operation at a time.
            told, end = {}, FOREVER
            self._incarnations[client] = self._incarnations.get(client, 1) + 1
        operation = Operation(who, action, key, begin, end, **asked, **told)  # type: ignore[arg-type]
        with self._lock:
            self.history.append(operation)
        return operation


def by_key(history: Iterable[Operation]) -> dict[str, list[Operation]]:
    """Split a history by its keys. Linearizability is local: a history has it if that of each key has it (Herlihy and Wing, theorem 1)."""
    split: dict[str, list[Operation]] = {}
    for operation in sorted(history, key=lambda operation: (operation.begin, operation.end)):
        split.setdefault(operation.key, []).append(operation)
    return split

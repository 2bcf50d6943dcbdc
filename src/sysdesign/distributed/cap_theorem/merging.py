"""Merging: what becomes of a value that two sides have changed while they could not talk.

Each of these is a state that can be merged with another of its key: in any order, any number of times, with the same end. That alone
makes the copies of all nodes equal, once they talk again. They differ in what they keep.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

Context = dict[str, int]
"""A vector clock: for each node, how many of its writes are known."""


class Mergeable(Protocol):
    """A state of a key."""

    def change(self, node: str, now: float, value: Any, context: Context) -> Mergeable:
        """Return the state after a write.

        Args:
            node: Where it is written.
            now: What this node takes for the time, in seconds.
            value: What is written.
            context: What the writer had read before, as `read` has told it.
        """

    def merge(self, other: Any) -> Mergeable:
        """Return the state that knows what both know."""

    def read(self) -> tuple[Any, Context]:
        """Return the value, and the context for a write that replaces it."""


@dataclass(frozen=True)
class LastWriteWins:
    """Keeps the value with the latest time stamp: one of two concurrent writes is lost, and a fast clock wins over a later write."""

    value: str | None = None
    stamp: tuple[float, str] = (0.0, "")

    def __post_init__(self) -> None:
        """Take a stamp from JSON as well, where it is a list."""
        object.__setattr__(self, "stamp", tuple(self.stamp))

    def change(self, node: str, now: float, value: Any, context: Context) -> LastWriteWins:
        """Put the node's time on the value, and keep it if no other is later."""
        del context
        return self.merge(LastWriteWins(value, (now, node)))

    def merge(self, other: LastWriteWins) -> LastWriteWins:
        """Keep the later one."""
        return max(self, other, key=lambda state: state.stamp)

    def read(self) -> tuple[Any, Context]:
        """Return the value that has won."""
        return self.value, {}


@dataclass(frozen=True)
class Siblings:
    """Keeps every value that no later write has seen: concurrent ones stand side by side until a client has read and replaced them.

    Each value has the number of its write at its node. The vector clock says which numbers are known: a value that the other side knows
    of and has no more was replaced there (dotted version vectors; a clock a value could not tell two clients of one node apart).
    """

    values: Mapping[str, str] = field(default_factory=dict)
    known: Context = field(default_factory=dict)

    def change(self, node: str, now: float, value: Any, context: Context) -> Siblings:
        """Replace what the writer has read, and nothing else."""
        del now
        number = self.known.get(node, 0) + 1
        kept = {dot: kept for dot, kept in self.values.items() if not _covers(context, dot)}
        return Siblings({**kept, f"{number}@{node}": value}, {**self.known, node: number})

    def merge(self, other: Siblings) -> Siblings:
        """Keep what both have, and what one has and the other has never known."""
        kept = {
            dot: value
            for mine, theirs in ((self, other), (other, self))
            for dot, value in mine.values.items()
            if dot in theirs.values or not _covers(theirs.known, dot)
        }
        return Siblings(kept, _greatest(self.known, other.known))

    def read(self) -> tuple[Any, Context]:
        """Return all values, sorted."""
        return sorted(self.values.values()), dict(self.known)


@dataclass(frozen=True)
class Counter:
    """Adds up what each node has counted, up and down apart, so that no merging counts anything twice (a PN-counter, a CRDT)."""

    up: Context = field(default_factory=dict)
    down: Context = field(default_factory=dict)

    def change(self, node: str, now: float, value: Any, context: Context) -> Counter:
        """Count a number more, or less if it is negative."""
        del now, context
        up, down = max(value, 0), max(-value, 0)
        return Counter({**self.up, node: self.up.get(node, 0) + up}, {**self.down, node: self.down.get(node, 0) + down})

    def merge(self, other: Counter) -> Counter:
        """Take each node's own count where it has come furthest."""
        return Counter(_greatest(self.up, other.up), _greatest(self.down, other.down))

    def read(self) -> tuple[Any, Context]:
        """Return the sum."""
        return sum(self.up.values()) - sum(self.down.values()), {}


def _covers(context: Context, dot: str) -> bool:
    """Whether a vector clock knows of a write, which is named `number@node`."""
    number, _, node = dot.partition("@")
    return int(number) <= context.get(node, 0)


def _greatest(one: Context, other: Context) -> Context:
    return {node: max(one.get(node, 0), other.get(node, 0)) for node in {**one, **other}}


KINDS: dict[str, type[Any]] = {"last write wins": LastWriteWins, "siblings": Siblings, "counter": Counter}


def encode(state: Any) -> dict[str, Any]:
    """Return a state as JSON."""
    return {"kind": next(name for name, kind in KINDS.items() if isinstance(state, kind)), **asdict(state)}


def decode(content: Mapping[str, Any]) -> Any:
    """Read a state from JSON."""
    fields = dict(content)
    return KINDS[fields.pop("kind")](**fields)

"""Placement: which shard a key belongs to, as a pure function of the key and of the list of shards.

All hash with xxh3, which is the same in every process and on every machine. Python's own `hash()` is seeded anew in each process.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from xxhash import xxh3_64_intdigest as digest

HASH_BITS = 64
SLOTS = 2**16
POINTS = 2**12
"""Points a shard on the ring: its share varies by about one in the square root of them, here by one in sixty-four."""


class UnknownKey(LookupError):  # noqa: N818 - the name of the event
    """A directory does not hold the key; nobody may guess a shard for it."""


class Placement(Protocol):
    """What all placements can: name the shard of a key."""

    def shard_of(self, key: str) -> str:
        """Return the name of the one shard that holds the key."""


class Modulo:
    """The hash of the key, modulo the number of shards: even, and nearly every key moves when that number changes."""

    def __init__(self, shards: Sequence[str]) -> None:
        self.shards = tuple(shards)

    def shard_of(self, key: str) -> str:
        """Return the name of the one shard that holds the key."""
        return self.shards[digest(key.encode()) % len(self.shards)]


class Range:
    """Neighbouring keys together, so that a range is asked of few shards; today's keys are neighbours, too, and heat one shard.

    Args:
        first_keys: The shard of each range by the range's first key; the first range begins with "".
    """

    def __init__(self, first_keys: Mapping[str, str]) -> None:
        if "" not in first_keys:
            raise ValueError("no range begins with the empty key: the smallest keys would have no shard")
        self._first_keys = sorted(first_keys)
        self._shards = [first_keys[key] for key in self._first_keys]

    def shard_of(self, key: str) -> str:
        """Return the name of the one shard that holds the key."""
        return self._shards[bisect_right(self._first_keys, key) - 1]

    def shards_between(self, first: str, last: str) -> set[str]:
        """Return the shards that hold the keys from `first` to `last`, both included."""
        begin, end = (bisect_right(self._first_keys, key) - 1 for key in (first, last))
        return set(self._shards[begin : end + 1])

    def split(self, at: str, shard: str) -> Range:
        """Return the ranges with one of them cut in two: its keys from `at` on belong to `shard`."""
        return Range({**dict(zip(self._first_keys, self._shards, strict=True)), at: shard})


class Directory:
    """A table of keys: any key can stand on any shard and be moved by itself, and the table must be asked, kept and trusted."""

    def __init__(self, homes: Mapping[str, str]) -> None:
        self._homes = dict(homes)

    def shard_of(self, key: str) -> str:
        """Return the name of the one shard that holds the key. Raises UnknownKey."""
        try:
            return self._homes[key]
        except KeyError:
            raise UnknownKey(key) from None

    def move(self, key: str, shard: str) -> Directory:
        """Return the directory with one key on another shard. Raises UnknownKey."""
        self.shard_of(key)
        return Directory({**self._homes, key: shard})


class Ring:
    """Consistent hashing: a new shard takes its share from all others, and no key moves between those (Karger et al., 1997).

    Each shard has many points on a circle of hashes, and a slot of the circle belongs to the first point at or behind its beginning.
    The circle is flattened into a table of its slots once, so that a lookup is one hash and one index, however many points there are.

    Args:
        shards: Names, in any order.
        slots: Into how many arcs the circle is cut; a power of two, much greater than the number of shards.
        points: How many points each shard gets; more of them make the shares more even, and the table slower to build.
    """

    def __init__(self, shards: Iterable[str], slots: int = SLOTS, points: int = POINTS) -> None:
        self.owners = _flatten(sorted(shards), slots, points)
        """The shard of each slot."""
        self._shift = HASH_BITS + 1 - slots.bit_length()

    def shard_of(self, key: str) -> str:
        """Return the name of the one shard that holds the key."""
        return self.owners[digest(key.encode()) >> self._shift]


def slot_of(key: str, slots: int) -> int:
    """Return the slot of a key on a ring of so many slots; it stays the same whatever becomes of the shards."""
    return digest(key.encode()) >> (HASH_BITS + 1 - slots.bit_length())


def _flatten(shards: Sequence[str], slots: int, points: int) -> list[str]:
    """Return the owner of each slot: of the points within a slot the first, and where there is none, the owner of the next."""
    if slots & (slots - 1) or not shards:
        message = f"a ring has at least one shard and a power of two of slots: {len(shards)} shards, {slots} slots"
        raise ValueError(message)
    shift = HASH_BITS + 1 - slots.bit_length()
    nearest = [1 << HASH_BITS] * slots
    owners = [""] * slots
    for shard in shards:
        for number in range(points):
            position = digest(f"{shard} {number}".encode())
            slot = position >> shift
            if position < nearest[slot]:
                nearest[slot], owners[slot] = position, shard
    following = next(owner for owner in owners if owner)  # the circle closes: behind the last slot comes the first
    for slot in reversed(range(slots)):
        following = owners[slot] = owners[slot] or following
    return owners


class Jump:
    """Jump consistent hash: even, without any table, for shards that are added and removed at the end only (Lamping and Veach, 2014)."""

    def __init__(self, shards: Sequence[str]) -> None:
        self.shards = tuple(shards)

    def shard_of(self, key: str) -> str:
        """Return the name of the one shard that holds the key: the last one to which it would have jumped as shards were added."""
        state, here, there = digest(key.encode()), 0, 0
        while there < len(self.shards):
            here = there
            state = (state * 2_862_933_555_777_941_757 + 1) % 2**64
            there = int((here + 1) * 2**31 / ((state >> 33) + 1))
        return self.shards[here]

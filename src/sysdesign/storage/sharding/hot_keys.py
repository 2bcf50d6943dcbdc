"""Hot keys: no placement divides one key. The one that takes most of all requests is found by counting, and cut into parts."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sysdesign.storage.sharding.shard import Execute
from sysdesign.storage.sharding.shards import Shards


class HotKeys:
    """Counts the most frequent of any number of keys in little memory (Metwally et al., “Space-Saving”, 2005).

    A key that makes up more than one in `capacity` of all requests is never missed. A newcomer takes the place of the rarest key, and
    its count with it; how much of a count may be inherited is kept beside it.

    Args:
        capacity: How many keys to keep counts of.
    """

    def __init__(self, capacity: int = 100) -> None:
        self._capacity = capacity
        self._counts: dict[str, int] = {}
        self._inherited: dict[str, int] = {}
        self._total = 0

    def count(self, key: str) -> None:
        """Count one request for a key."""
        self._total += 1
        if key not in self._counts and len(self._counts) >= self._capacity:
            rarest = min(self._counts, key=self._counts.__getitem__)
            self._counts[key] = self._inherited[key] = self._counts.pop(rarest)
            self._inherited.pop(rarest, None)
        self._counts[key] = self._counts.get(key, 0) + 1

    def hotter_than(self, share: float) -> list[str]:
        """Return the keys that certainly make up more than this share of all requests, the hottest first."""
        certain = {key: count - self._inherited.get(key, 0) for key, count in self._counts.items()}
        hot = [key for key, count in certain.items() if count > share * self._total]
        return sorted(hot, key=lambda key: -certain[key])


class Counters:
    """Counters on all shards, each on the shard of its key, until it is split.

    How many parts a counter has stands in its own row, its home. Whoever writes there is told, and goes elsewhere from then on; whoever
    reads asks there first. So nobody adds to a part that a later reader would not know of.

    Args:
        shards: Where the counters are.
        chance: Draws the part to which is added.
    """

    def __init__(self, shards: Shards, chance: random.Random | None = None) -> None:
        self._shards, self._chance = shards, chance or random.Random()
        self._parts: dict[str, int] = {}

    def add(self, key: str, amount: int = 1) -> None:
        """Add to a counter; one that is not there begins at 0. Raises ShardDown."""
        part = self._chance.randrange(self._parts.get(key, 1))
        parts = self._change(_part(key, part), amount, parts=1)
        if part == 0:
            self._parts[key] = parts

    def split(self, key: str, parts: int) -> None:
        """Let a counter have so many parts, if it has fewer; they lie on the shards of names of their own. Raises ShardDown."""
        self._parts[key] = self._change(key, 0, parts)

    def value(self, key: str) -> int:
        """Return the sum of all parts; what is added meanwhile may be in it or not. Raises ShardDown."""
        ((value, parts),) = self._row(key) or [(0, 1)]
        return int(value) + sum(value for part in range(1, parts) for value, _ in self._row(_part(key, part)))

    def homes(self, key: str) -> Iterator[str]:
        """Yield the shard of each part. Raises ShardDown."""
        ((_, parts),) = self._row(key) or [(0, 1)]
        return (self._shards.home(_part(key, part)) for part in range(parts))

    def _row(self, key: str) -> list[tuple[int, int]]:
        question = "SELECT value, parts FROM counters WHERE id = ?"
        return [(value, parts) for value, parts in self._shards.read(key, lambda execute: execute(question, key))]

    def _change(self, key: str, amount: int, parts: int) -> int:
        def change(execute: Execute) -> int:
            execute("INSERT INTO counters VALUES (?, ?, 0, 1) ON CONFLICT DO NOTHING", key, self._shards.slot_of(key))
            statement = """UPDATE counters SET value = value + ?, parts = CASE WHEN parts < ? THEN ? ELSE parts END
                           WHERE id = ? RETURNING parts"""
            ((now,),) = execute(statement, amount, parts, parts, key)
            return int(now)

        return self._shards.write(key, change)


def _part(key: str, part: int) -> str:
    """Return the name of a part: the counter itself is its own part 0."""
    return f"{key}#{part}" if part else key

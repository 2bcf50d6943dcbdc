"""TTL and expiration: a value carries its own end, so that nobody has to remember to remove it.

The end is kept by the store, and set in the same step as the value: a value without its end would stay for ever. What is stale is decided
by the store's clock too, from the time that it says is left, so a machine whose clock is wrong neither keeps nor loses anything.
"""

from __future__ import annotations

import heapq
import json
import math
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from redis import Redis

LONGEST_SECONDS = 10 * 365 * 86_400.0
"""What is to live longer should not be given an end by a cache."""


def check_lifetime(seconds: float) -> float:
    """Return `seconds` if a value can live that long. Raises ValueError for zero, negative, endless and absurd lifetimes."""
    if not 0.001 <= seconds <= LONGEST_SECONDS:
        message = f"a lifetime lasts from a millisecond to ten years: {seconds} s"
        raise ValueError(message)
    return seconds


class Store(Protocol):
    """Keeps values until their end."""

    def put(self, key: str, value: bytes, seconds: float | None, *, keep: bool = False) -> None:
        """Keep `value` for so many seconds, None for ever; with `keep` until the end that an earlier value had."""
        ...

    def get(self, key: str) -> tuple[bytes, float] | None:
        """Return the value and the seconds that it has left (infinite without an end), or None when it has ended."""
        ...

    def prolong(self, key: str, seconds: float) -> bool:
        """Give a value a new end, counted from now; False if it has ended already."""
        ...


class RedisStore:
    """Values in Redis: its clock, its expiry, its events."""

    def __init__(self, client: Redis) -> None:
        self._client: Any = client

    def put(self, key: str, value: bytes, seconds: float | None, *, keep: bool = False) -> None:
        """Set value and end in one command: there is no moment, and no crash, that leaves the one without the other."""
        milliseconds = None if seconds is None else math.ceil(1_000 * check_lifetime(seconds))
        self._client.set(key, value, px=None if keep else milliseconds, keepttl=keep)

    def get(self, key: str) -> tuple[bytes, float] | None:
        """Read value and time left in one transaction, so that they belong together."""
        with self._client.pipeline(transaction=True) as both:
            value, milliseconds = both.get(key).pttl(key).execute()
        if value is None:
            return None
        return value, math.inf if milliseconds < 0 else milliseconds / 1_000

    def prolong(self, key: str, seconds: float) -> bool:
        """Set a new end, if the value is still there."""
        return bool(self._client.pexpire(key, math.ceil(1_000 * check_lifetime(seconds))))


class MemoryStore:
    """Values in the memory of one process. What has ended is removed when it is asked for (lazy) and by `expire` (active).

    Args:
        clock: Seconds; the store's own idea of time.
        on_expired: Called with the key of each value that is removed because it has ended.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, on_expired: Callable[[str], None] = lambda _: None
    ) -> None:
        self._clock, self._on_expired = clock, on_expired
        self._values: dict[str, tuple[bytes, float]] = {}
        self._ends: list[tuple[float, str]] = []
        self._lock = threading.RLock()

    def __len__(self) -> int:
        """Return how many values take up memory, ended or not."""
        return len(self._values)

    def put(self, key: str, value: bytes, seconds: float | None, *, keep: bool = False) -> None:
        """Set value and end in one step."""
        with self._lock:
            earlier = self._live(key) if keep else None
            end = earlier[1] if earlier else math.inf if seconds is None else self._clock() + check_lifetime(seconds)
            self._values[key] = (value, end)
            heapq.heappush(self._ends, (end, key))
            if len(self._ends) > 2 * len(self._values) + 64:  # most belong to values that were overwritten
                self._ends = sorted((end, key) for key, (_, end) in self._values.items())

    def get(self, key: str) -> tuple[bytes, float] | None:
        """Return the value and the seconds left; remove it if it has ended."""
        with self._lock:
            live = self._live(key)
            return (live[0], live[1] - self._clock()) if live else None

    def prolong(self, key: str, seconds: float) -> bool:
        """Set a new end, if the value is still there."""
        with self._lock:
            live = self._live(key)
            if live:
                self.put(key, live[0], seconds)
            return live is not None

    def expire(self, at_most: int = 20) -> int:
        """Remove up to so many values that have ended without anybody asking for them; return how many."""
        with self._lock:
            before = len(self._values)
            while before - len(self._values) < at_most and self._ends and self._ends[0][0] <= self._clock():
                self._live(heapq.heappop(self._ends)[1])
            return before - len(self._values)

    def _live(self, key: str) -> tuple[bytes, float] | None:
        kept = self._values.get(key)
        if kept and kept[1] <= self._clock():
            del self._values[key]
            self._on_expired(key)
            return None
        return kept


@dataclass(frozen=True)
class Lifetime:
    """How long a class of data is good for, in seconds.

    Args:
        fresh: How long a value is served without a question.
        stale: How long it is served after that, while somebody fetches a new one, or while nobody can.
        absent: How long it is remembered that there is nothing; what does not exist today is often made tomorrow.
        jitter: By how large a share of `fresh` a lifetime is shortened at random, so that what came together does not end together.
        sliding: Whether each read gives the value its whole lifetime again.
        eager: Above 0, values are fetched anew ahead of their end, at random moments the likelier the nearer the end and the longer the
            fetch takes (Vattani, Chierichetti and Lowenstein, Optimal Probabilistic Cache Stampede Prevention, 2015; 1 is optimal).
    """

    fresh: float
    stale: float = 0.0
    absent: float = 1.0
    jitter: float = 0.0
    sliding: bool = False
    eager: float = 0.0

    def __post_init__(self) -> None:
        check_lifetime(self.fresh)
        check_lifetime(self.absent)
        if not (0 <= self.stale <= LONGEST_SECONDS and 0 <= self.jitter < 1 and self.eager >= 0):
            message = f"stale and eager are at least 0, jitter is a share below 1: {self}"
            raise ValueError(message)

    def drawn(self, chance: random.Random) -> float:
        """Return a lifetime for one value: never longer than `fresh`."""
        return max(0.001, self.fresh * (1 - self.jitter * chance.random()))


class Cache:
    """Reads through a store: a value is loaded when there is none that is good enough.

    Args:
        store: Where values are kept, and whose clock counts.
        load: Fetches a value (JSON, None for what does not exist); may raise.
        lifetimes: The lifetime of each class of data; a key's class is what stands before its first colon.
        clock: Measures how long a load takes; differences only.
        chance: Draws jitter and early refreshes.
        background: Runs a refresh that nobody waits for.
    """

    def __init__(
        self,
        store: Store,
        load: Callable[[str], Any],
        lifetimes: Mapping[str, Lifetime],
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
        background: Callable[[Callable[[], None]], None] = lambda work: threading.Thread(
            target=work, daemon=True
        ).start(),
    ) -> None:
        self._store, self._load, self._lifetimes = store, load, lifetimes
        self._clock, self._chance, self._background = clock, chance or random.Random(), background
        self._refreshing: set[str] = set()

    def get(self, key: str) -> Any:
        """Return the value of `key`, None for what does not exist. Raises what `load` raises when there is nothing to fall back on."""
        lifetime = self._lifetimes[key.partition(":")[0]]
        kept = self._store.get(key)
        if kept is None:
            return self._fetch(key, lifetime)
        entry, left = json.loads(kept[0]), kept[1] - kept_after_end(lifetime, json.loads(kept[0])["value"])
        if left <= 0 or self._is_due(left, entry["cost"], lifetime):
            self._refresh(key, lifetime)
        elif lifetime.sliding and entry["value"] is not None:
            self._store.prolong(key, lifetime.fresh + lifetime.stale)
        return entry["value"]

    def _is_due(self, left: float, cost: float, lifetime: Lifetime) -> bool:
        return lifetime.eager > 0 and left < -cost * lifetime.eager * math.log(1 - self._chance.random())

    def _fetch(self, key: str, lifetime: Lifetime) -> Any:
        begin = self._clock()
        value = self._load(key)
        fresh = lifetime.absent if value is None else lifetime.drawn(self._chance)
        entry = json.dumps({"value": value, "cost": self._clock() - begin}).encode()
        self._store.put(key, entry, fresh + kept_after_end(lifetime, value))
        return value

    def _refresh(self, key: str, lifetime: Lifetime) -> None:
        """Fetch anew in the background, once however many ask; a failure leaves what there is until its end."""
        if key in self._refreshing:
            return
        self._refreshing.add(key)

        def work() -> None:
            try:
                self._fetch(key, lifetime)
            except Exception:  # noqa: BLE001, S110 - whoever asks after the end gets the error
                pass
            finally:
                self._refreshing.discard(key)

        self._background(work)


def kept_after_end(lifetime: Lifetime, value: Any) -> float:
    """Return how many seconds a value is kept when it is no longer fresh; that something is absent is never served stale."""
    return 0.0 if value is None else lifetime.stale

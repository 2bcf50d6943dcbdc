"""Cache-aside: ask the cache, on a miss load from the source and leave the value in the cache, delete it after a write."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

import orjson

from .breaker import Breaker
from .flights import Flights
from .limits import DEFAULTS, Limits, Overloaded
from .store import LEASE, Damaged, Store, key, new_lease, pack, unpack
from .wire import Away, Wire

T = TypeVar("T")
Load = Callable[[], Any]
How = Literal["hit", "stored", "collapsed", "overtaken", "bypass"]

Brought: TypeAlias = tuple[bytes, How]
Told: TypeAlias = tuple[Any, How]

POLL_SECONDS = 0.002
POLL_SHARE = 0.1
"""Who waits for another process looks again after a tenth of the time waited so far: it waits at most that much too long."""


class Found(NamedTuple):
    """A value, None for what does not exist, and how it was come by."""

    value: Any
    how: How
    """A `hit`; loaded and `stored`; `collapsed` into another's load; `overtaken` by a delete or the lease's end, so
    that nothing was stored; a `bypass`, as the cache is away."""


class Cache:
    """Values of a slow source, kept in Redis, shared by all processes that use the same name.

    As long as Redis answers, whoever asks after a write has returned gets what was written or later, and of all who miss a value at once,
    over all processes, one loads it. Nothing that happens to Redis fails a request.

    Args:
        store: Values and leases in Redis.
        name: What the keys begin with; change it when the shape of the values changes.
        limits: How long, how much.
        encode, decode: A value to bytes and back: JSON, with integers of 64 bits. What a miss returns has been both, so that it
            equals what a hit will return.
        clock: Seconds that never jump, to measure how long a caller has waited.
        sleep: Waits between two looks at another process's lease.
    """

    key = staticmethod(key)

    def __init__(
        self,
        store: Store,
        name: str,
        limits: Limits = DEFAULTS,
        *,
        encode: Callable[[Any], bytes] = orjson.dumps,
        decode: Callable[[bytes], Any] = orjson.loads,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._store, self._prefix, self._limits = store, f"{name}:", limits
        self._encode, self._decode, self._clock, self._sleep = encode, decode, clock, sleep
        self._flights: Flights[Brought | None] = Flights()
        self._absent = encode(None)
        self._turns = threading.BoundedSemaphore(limits.loads_at_once)
        self._lease_milliseconds = max(1, round(1_000 * limits.lease_seconds))

    @property
    def callers(self) -> int:
        """How many callers of this process load, or wait for a load, right now."""
        return self._flights.callers

    def get(self, key: str, load: Load) -> Any:
        """Return the value of a key; `load` brings it from the source on a miss. Raises what that raises, and Overloaded."""
        return self._find(key, load)[0]

    def fetch(self, key: str, load: Load) -> Found:
        """Do what `get` does, and tell how."""
        return Found(*self._find(key, load))

    def _find(self, key: str, load: Load) -> Told:
        name = (self._prefix + key).encode()
        try:
            while True:
                entry = self._store.get(name)
                if entry is None:
                    found = self._bring(name, load)
                else:
                    # Most entries are values: only what cannot be read as one is asked whether it is a lease.
                    try:
                        return self._decode(unpack(name, entry)), "hit"
                    except Exception:  # noqa: BLE001 - whatever makes an entry unreadable, it is as good as none
                        found = None
                    if entry.startswith(LEASE):
                        found = self._await(name, entry)
                    else:
                        self._store.remove(name, entry)
                if found is not None:
                    return found
        except Away:
            return self._bypass(name, load)

    def change(self, key: str, write: Callable[[], T]) -> T:
        """Run a write to the source and then delete the entry, also when the write fails: its commit may have happened."""
        try:
            return write()
        finally:
            self.delete(key)

    def delete(self, key: str) -> None:
        """Let nobody who asks from now on get what was stored, or loaded, before."""
        name = (self._prefix + key).encode()
        self._flights.forget(name)
        self._store.delete(name)

    def close(self) -> None:
        """Close the connections to Redis that are not in use."""
        self._store.close()

    def _bring(self, name: bytes, load: Load) -> Told | None:
        """Take the lease, load, and fill if the lease is still there; None if another was quicker to take it."""
        lease = new_lease()

        def work() -> Brought | None:
            if not self._store.claim(name, lease, self._lease_milliseconds):
                return None
            try:
                payload = self._load(load)
            except BaseException:
                with suppress(Away):
                    self._store.remove(name, lease)
                raise
            return payload, "stored" if self._fill(name, lease, payload) else "overtaken"

        brought = self._flights.fly(lease, work)
        return brought and (self._decode(brought[0]), brought[1])

    def _await(self, name: bytes, lease: bytes) -> Told | None:
        """Get what the holder of this lease brings; None if it brings nothing.

        Who finds a lease began after whatever was deleted before it was given, so the holder's value is new enough for all who find it.
        """
        brought = self._flights.fly(lease, lambda: self._watch(name, lease), self._limits.lease_seconds)
        return brought and (self._decode(brought[0]), "collapsed")

    def _watch(self, name: bytes, lease: bytes) -> Brought | None:
        """Wait until another process's lease is gone, for all in this process; None if no value has taken its place."""
        begin = self._clock()
        while (entry := self._store.get(name)) == lease:
            waited = self._clock() - begin
            if waited > self._limits.lease_seconds:  # written by hand, without an end
                self._store.remove(name, lease)
            self._sleep(max(POLL_SECONDS, POLL_SHARE * waited))
        try:
            return (unpack(name, entry), "collapsed") if entry else None
        except Damaged:  # or another's lease
            return None

    def _bypass(self, name: bytes, load: Load) -> Told:
        """Load without the cache, still once for all who ask this process at the same time."""
        brought = None
        while brought is None:
            brought = self._flights.fly(name, lambda: (self._load(load), "bypass"))
        return self._decode(brought[0]), "bypass"

    def _load(self, load: Load) -> bytes:
        if not self._turns.acquire(timeout=self._limits.patience_seconds):
            raise Overloaded(f"{self._limits.loads_at_once} loads are under way")
        try:
            return self._encode(load())
        finally:
            self._turns.release()

    def _fill(self, name: bytes, lease: bytes, payload: bytes) -> bool:
        seconds = self._limits.absent_seconds if payload == self._absent else self._limits.seconds
        try:
            return self._store.fill(name, lease, pack(name, payload), max(1, round(1_000 * seconds)))
        except Away:
            return False


def connect(
    redis_url: str,
    timeout_seconds: float = 0.1,
    name: str = "cache",
    clock: Callable[[], float] = time.monotonic,
    **limits: Any,
) -> Cache:
    """Return a cache on the Redis at `redis_url`, which has `timeout_seconds` for each answer; `limits` are those of `Limits`."""
    store = Store(Wire(redis_url, timeout_seconds), Breaker(clock=clock))
    return Cache(store, name, Limits(**limits), clock=clock)

"""Token bucket: a burst at once, then a steady rate, never more.

A bucket that fills at a steady rate is one number: the time at which it will be full again. Full now means no debt; each token taken
moves that time one interval further away, and a request is refused when it would move beyond what the bucket holds. Nothing ticks,
idle callers cost nothing, and a decision is one read, one comparison and one write (the virtual scheduling form of ATM's generic cell
rate algorithm, ITU-T I.371 annex A).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from redis import Redis
from redis.exceptions import NoScriptError, RedisError

HIGHEST_RATE = 100_000.0
"""Tokens per second of one key. Above it an interval comes near the resolution of the server's clock (1 µs)."""
LONGEST_REFILL_SECONDS = 1e9
_TOLERANCE_SECONDS = 1e-6  # rounding of many added intervals; at the highest rate still a tenth of a token
_SWEEP_AT_LEAST = 1_024


class Unavailable(Exception):  # noqa: N818 - a state, not a mistake
    """The store of the shared budget did not answer: nobody knows what is left of it."""


class Decision(NamedTuple):
    """What became of a request."""

    admitted: bool
    remaining: int
    """Whole tokens left."""
    retry_after: float
    """Seconds after which the same request would be admitted if nobody else came; 0 when admitted."""
    full_after: float
    """Seconds after which the bucket is full again."""


class Bucket(Protocol):
    """A budget for each key."""

    capacity: float
    rate: float

    def take(self, key: str, cost: float = 1) -> Decision:
        """Take `cost` tokens of `key`, or none."""
        ...


def check_parameters(capacity: float, rate: float) -> None:
    """Refuse what no bucket can keep. Raises ValueError."""
    if not 1 <= capacity < math.inf:
        message = f"capacity must be a finite number of tokens, at least 1: {capacity}"
        raise ValueError(message)
    if not 0 < rate <= HIGHEST_RATE:
        message = f"rate must be above 0 and at most {HIGHEST_RATE:.0f} tokens per second: {rate}"
        raise ValueError(message)
    if capacity / rate > LONGEST_REFILL_SECONDS:
        message = f"a bucket of {capacity} at {rate} tokens per second would take {capacity / rate:.1e} s to fill"
        raise ValueError(message)


def check_cost(cost: float, capacity: float) -> None:
    """Refuse a cost that no wait could make good. Raises ValueError."""
    if not 0 < cost <= capacity:
        message = f"cost must be above 0 and at most the capacity of {capacity} tokens: {cost}"
        raise ValueError(message)


def _decision(bucket: Bucket, cost: float, ahead: float, *, admitted: bool) -> Decision:
    """Tell a decision from how many seconds ahead the bucket will be full again."""
    empty = bucket.capacity / bucket.rate
    remaining = max(0, math.floor((empty - ahead + _TOLERANCE_SECONDS) * bucket.rate))
    wait = 0.0 if admitted else max(0.0, ahead + cost / bucket.rate - empty)
    return Decision(admitted, remaining, wait, max(0.0, ahead))


class TokenBucket:
    """Buckets in the memory of one process, one for each key, safe among its threads.

    Args:
        capacity: Tokens that a full bucket holds: the largest burst.
        rate: Tokens that come back each second.
        clock: Seconds that never jump; a clock that does cannot lock anybody out for longer than an empty bucket takes to fill.
    """

    def __init__(self, capacity: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        check_parameters(capacity, rate)
        self.capacity, self.rate = capacity, rate
        self._interval, self._horizon = 1 / rate, capacity / rate
        self._limit = self._horizon + _TOLERANCE_SECONDS
        self._clock = clock
        self._full_at: dict[str, float] = {}
        self._sweep_at = _SWEEP_AT_LEAST
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many keys are kept: those that are not full, and at most as many again."""
        return len(self._full_at)

    def admit(self, key: str, cost: float = 1) -> bool:
        """Take `cost` tokens of `key`, or none: `take` for who asks only yes or no, with a cost known to be possible."""
        debt = cost * self._interval
        with self._lock:
            now = self._clock()
            full_at = self._full_at.get(key)
            if full_at is None:
                self._make_room(now)
                full_at = now
            elif full_at < now:
                full_at = now
            full_at += debt
            if full_at > now + self._limit:
                if full_at - debt > now + self._limit:  # the clock was set back: at worst the bucket is empty
                    self._full_at[key] = now + self._horizon
                return False
            self._full_at[key] = full_at
            return True

    def take(self, key: str, cost: float = 1) -> Decision:
        """Take `cost` tokens of `key`, or none. Raises ValueError for a cost that no wait could make good."""
        check_cost(cost, self.capacity)
        admitted, now = self.admit(key, cost), self._clock()
        return _decision(self, cost, self._full_at.get(key, now) - now, admitted=admitted)

    def _make_room(self, now: float) -> None:
        """Forget who is full again, as a key that was never seen; done when twice as many are kept as the last time."""
        if len(self._full_at) >= self._sweep_at:
            self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
            self._sweep_at = max(_SWEEP_AT_LEAST, 2 * len(self._full_at))


_SPEND = """
local now = redis.call('TIME')
now = now[1] * 1e6 + now[2]
local horizon = tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
full_at = math.min(math.max(full_at, now), now + horizon)
local after = full_at + ARGV[1] - now
local credit = math.floor(horizon + 1 - after)
if credit >= 0 then
    redis.call('SET', KEYS[1], now + after, 'PX', math.ceil(after / 1000))
end
return credit
"""


class SharedTokenBucket:
    """Buckets in Redis, one for each key, shared exactly by every process that uses the same name.

    One script reads, decides and writes, because Redis runs a script as a single step; the clock is the server's, because the callers'
    clocks differ. A key lives until its bucket is full again.

    Args:
        store: A client with a socket timeout: it bounds how long a decision can take.
        name: What the keys in Redis begin with; budgets of different names are apart.
        capacity: Tokens that a full bucket holds.
        rate: Tokens that come back each second.
    """

    def __init__(self, store: Redis, name: str, capacity: float, rate: float) -> None:
        check_parameters(capacity, rate)
        self.capacity, self.rate = capacity, rate
        self._store: Any = store  # its generic call, the cheapest, has no type
        self._prefix = f"{name}:"
        self._interval, self._horizon = 1e6 / rate, repr(1e6 * capacity / rate)
        self._one = repr(self._interval)
        self._script = ""

    def take(self, key: str, cost: float = 1) -> Decision:
        """Take `cost` tokens of `key`, or none. Raises ValueError for an impossible cost, Unavailable when Redis is."""
        check_cost(cost, self.capacity)
        credit = self._spend(key, repr(cost * self._interval)) / 1e6
        debt = 0 if credit >= 0 else cost / self.rate
        return _decision(self, cost, self.capacity / self.rate - credit - debt, admitted=credit >= 0)

    def admit(self, key: str) -> bool:
        """Take one token of `key` if there is one. Raises Unavailable when Redis is."""
        return self._spend(key, self._one) >= 0

    def _spend(self, key: str, debt: str) -> int:
        """Run the script; return the credit left in microseconds, or (below 0) what is lacking."""
        try:
            try:
                credit: int = self._store.execute_command(
                    "EVALSHA", self._script, 1, self._prefix + key, debt, self._horizon
                )
            except NoScriptError:  # a server that is new, or was restarted
                self._script = self._store.script_load(_SPEND)
                credit = self._store.execute_command(
                    "EVALSHA", self._script, 1, self._prefix + key, debt, self._horizon
                )
        except RedisError as error:
            message = f"the shared budget cannot be read: {error}"
            raise Unavailable(message) from error
        return credit


class Lease:
    """Spends a shared budget from memory: tokens are taken a hundred at a time, so most decisions cost no round trip.

    The sum over all processes is still exact. What is given up is the moment: a process may hold up to `size` tokens that others could
    have used, and spend them later, so that a window of t seconds can admit up to `size` more for each process.
    """

    def __init__(self, bucket: Bucket, size: int = 100) -> None:
        check_cost(size, bucket.capacity)
        self._bucket, self._size = bucket, size
        self._held: dict[str, int] = {}
        self._lock = threading.Lock()

    def admit(self, key: str) -> bool:
        """Spend a token that is held, or take out a new lease; near the end of the budget, take one by one."""
        with self._lock:
            held = self._held.get(key, 0)
            if not held and not self._bucket.take(key, self._size).admitted:
                return self._bucket.take(key).admitted
            self._held[key] = (held or self._size) - 1
            return True

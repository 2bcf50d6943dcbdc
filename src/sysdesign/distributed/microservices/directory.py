"""Discovery: each instance tells the directory, again and again, where it is; whoever stops to tell is forgotten.

The directory is a sorted set in Redis for each service: addresses, by the time at which they are forgotten, on Redis's clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from redis import Redis, RedisError

_NOW = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000) "
_ENTER = _NOW + "redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])"
_LIST = _NOW + "redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, now) return redis.call('ZRANGE', KEYS[1], 0, -1)"


class Directory:
    """Where the services are.

    Args:
        redis: A client that decodes its answers.
        namespace: What its keys begin with.
        lease_seconds: How long an address is known behind the last word of its instance.
        fresh_seconds: How long what was found is taken for true.
        clock: Seconds that never jump.
    """

    def __init__(
        self,
        redis: Redis,
        namespace: str,
        *,
        lease_seconds: float = 3.0,
        fresh_seconds: float = 0.2,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis, self._namespace, self._clock = redis, namespace, clock
        self.lease_seconds, self._fresh_seconds = lease_seconds, fresh_seconds
        self._found: dict[str, tuple[float, list[str]]] = {}

    def enter(self, service: str, address: str) -> None:
        """Tell that a service is at an address, for the time of a lease. Raises RedisError."""
        self._redis.eval(_ENTER, 1, self._key(service), address, str(round(self.lease_seconds * 1000)))

    def find(self, service: str) -> list[str]:
        """Return where a service is; while the directory does not answer, where it was last."""
        asked_at, found = self._found.get(service, (float("-inf"), []))
        if self._clock() - asked_at >= self._fresh_seconds:
            with suppress(RedisError):  # an old address is better than none
                found = list(self._redis.eval(_LIST, 1, self._key(service)))  # type: ignore[arg-type, unused-ignore]
            self._found[service] = self._clock(), found
        return found

    def _key(self, service: str) -> str:
        return f"{self._namespace}:directory:{service}"

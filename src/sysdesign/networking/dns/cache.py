"""What was learned, each piece until its end; and, if asked, a while longer for when nobody can be asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Values with their ends; what was not used for longest makes room.

    Args:
        clock: Tells the time in seconds; must not jump when the machine's clock is set.
        stale_seconds: How long a value is kept past its end.
        size: How many values there may be: whoever makes us look up one name after the other must not fill the memory.
    """

    def __init__(self, clock: Callable[[], float], stale_seconds: float = 0.0, size: int = 10_000) -> None:
        self._clock, self._stale_seconds, self._size = clock, stale_seconds, size
        self._values: OrderedDict[K, tuple[V, float]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> tuple[V, float] | None:
        """Return a value and the seconds that it has left: none or less if it is stale. None if there is none."""
        with self._lock:
            value, end = self._values.get(key, (None, 0.0))
            left = end - self._clock()
            if value is None:
                return None
            if left <= -self._stale_seconds:
                del self._values[key]
                return None
            self._values.move_to_end(key)
            return value, left

    def put(self, key: K, value: V, seconds: float) -> None:
        """Keep a value for so long; one that is good for no time at all is not kept, and leaves what there was."""
        if seconds <= 0:
            return
        with self._lock:
            self._values[key] = (value, self._clock() + seconds)
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

"""A circuit breaker: who has not answered lately is not asked, and its absence costs nobody any time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed while all is well; open after some failures in a row; from time to time one caller tries whether it can close again.

    Args:
        failures: How many in a row open it.
        retry_seconds: How long nobody tries after a failure.
        clock: Seconds that never jump.
    """

    def __init__(
        self, failures: int = 3, retry_seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit, self._retry_seconds, self._clock = failures, retry_seconds, clock
        self.failures = 0
        self._retry_at = 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Tell whether the caller may ask; of all who come while it is open, one may each `retry_seconds`."""
        if self.failures < self._limit:
            return True
        with self._lock:
            now = self._clock()
            if now < self._retry_at:
                return False
            self._retry_at = now + self._retry_seconds
            return True

    def succeeded(self) -> None:
        """Note an answer: closed."""
        with self._lock:
            self.failures = 0

    def failed(self) -> None:
        """Note that there was none."""
        with self._lock:
            self.failures += 1
            self._retry_at = self._clock() + self._retry_seconds

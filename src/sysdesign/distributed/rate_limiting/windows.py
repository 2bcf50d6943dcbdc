"""What else is called rate limiting: the fixed window, the sliding window and the leaky bucket, in the memory of one process.

All count requests of one caller and take their clock from outside; they are here to be compared with the token bucket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable


class FixedWindow:
    """At most `limit` requests in each window of the calendar: two numbers, and up to twice the limit around an edge."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self.limit, self.seconds, self._clock = limit, seconds, clock
        self._window, self._count = -1, 0

    def admit(self) -> bool:
        """Count the request in the window of now, if that has room."""
        window = int(self._clock() // self.seconds)
        if window != self._window:
            self._window, self._count = window, 0
        self._count += self._count < self.limit + 1
        return self._count <= self.limit


class SlidingWindow:
    """At most `limit` requests in any window, wherever it begins: exact, and it remembers every admitted request."""

    def __init__(self, limit: int, seconds: float, clock: Callable[[], float]) -> None:
        self.limit, self.seconds, self._clock = limit, seconds, clock
        self._admitted: deque[float] = deque()

    def admit(self) -> bool:
        """Forget what has left the window, and admit if there is room."""
        now = self._clock()
        while self._admitted and self._admitted[0] <= now - self.seconds:
            self._admitted.popleft()
        if len(self._admitted) >= self.limit:
            return False
        self._admitted.append(now)
        return True


class LeakyBucket:
    """Requests queue and leave at a steady pace: nothing is served in bursts, and a request waits its turn instead."""

    def __init__(self, queue: int, rate: float, clock: Callable[[], float]) -> None:
        self.queue, self.rate, self._clock = queue, rate, clock
        self._next = float("-inf")

    def delay(self) -> float | None:
        """Return how many seconds the request has to wait for its turn; None when the queue is full."""
        now = self._clock()
        turn = max(now, self._next)
        if (turn - now) * self.rate > self.queue:
            return None
        self._next = turn + 1 / self.rate
        return turn - now

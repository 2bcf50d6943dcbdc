"""Deadlines: how long whoever asked still waits, told to each service on the way, so that nobody works for nobody.

What is passed on is the time that is left, as in gRPC: a moment would need clocks that agree.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

HEADER = "Deadline-Ms"
"""The request header with the milliseconds that are left."""


class DeadlineExceededError(Exception):
    """Whoever asked does not wait any longer."""


class Deadline:
    """The end of somebody's patience.

    Args:
        seconds: How long it lasts from now.
        clock: Seconds that never jump.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock() + seconds

    @classmethod
    def told(cls, header: str | None, longest_seconds: float) -> Deadline:
        """Return the deadline of a request; one that tells none, or nonsense, or too much has the longest."""
        try:
            seconds = int(header or "") / 1000
        except ValueError:
            seconds = longest_seconds
        return cls(min(seconds, longest_seconds))

    def remaining_seconds(self) -> float:
        """Return what is left. Raises DeadlineExceededError if that is nothing."""
        left = self._at - self._clock()
        if left <= 0:
            raise DeadlineExceededError
        return left

    def headers(self) -> dict[str, str]:
        """Return what tells the next service: whole milliseconds, rounded down, so that each hop has less. Raises as above."""
        return {HEADER: str(math.floor(self.remaining_seconds() * 1000))}

"""Slots: how much one instance does at a time, how much may wait, and that all else is turned away at once."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


class Overloaded(Exception):  # noqa: N818 - the state of the instance
    """All slots are taken and the queue in front of them is full."""


@dataclass(frozen=True)
class Load:
    """What has come to an instance so far.

    Attributes:
        in_flight: Requests that are at work or wait.
        served: Requests that have left their slot, whether they succeeded or failed.
        refused: Requests that were turned away.
        request_seconds: The time that all requests together have spent here [s]: in_flight, summed up over time.
    """

    in_flight: int
    served: int
    refused: int
    request_seconds: float


class Slots:
    """A fixed number of slots with a bounded queue in front of them: first come, first served.

    Refusing is the cheap answer, and an early one: it leaves the caller time to go elsewhere. A queue that is bounded only by memory
    refuses nobody and, once the load is above capacity, answers nobody in time.

    Args:
        slots: Requests at work at the same time.
        queue: Requests that may wait; None for as many as come.
        clock: Tells the time in seconds.
    """

    def __init__(self, slots: int, queue: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._free, self._queue = slots, queue
        self._waiting: deque[threading.Event] = deque()
        self._one_at_a_time = threading.Lock()
        self._clock, self._changed = clock, clock()
        self._in_flight = self._served = self._refused = 0
        self._request_seconds = 0.0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a slot, and hold it during the block. Raises Overloaded instead of waiting in a full queue."""
        self._come().wait()
        try:
            yield
        finally:
            self._go()

    def load(self) -> Load:
        """Return what has come so far."""
        with self._one_at_a_time:
            self._count(0)
            return Load(self._in_flight, self._served, self._refused, self._request_seconds)

    def _come(self) -> threading.Event:
        """Return what is set when it is this request's turn."""
        turn = threading.Event()
        with self._one_at_a_time:
            if self._free:
                self._free -= 1
                turn.set()
            elif self._queue is None or len(self._waiting) < self._queue:
                self._waiting.append(turn)
            else:
                self._refused += 1
                raise Overloaded
            self._count(+1)
        return turn

    def _go(self) -> None:
        """Leave the slot to whoever has waited longest: were it only freed, a newcomer might be quicker."""
        with self._one_at_a_time:
            self._count(-1)
            self._served += 1
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    def _count(self, change: int) -> None:
        now = self._clock()
        self._request_seconds += self._in_flight * (now - self._changed)
        self._changed = now
        self._in_flight += change

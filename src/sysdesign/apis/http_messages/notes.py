"""The notes that are spoken of: kept in memory, one change at a time, and whoever waits for a change is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Notes:
    """Texts by their numbers.

    Args:
        clock: Returns the time in seconds; it never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._changed = clock, threading.Condition(threading.RLock())
        self._texts: dict[int, str] = {}
        self._largest, self._changes = 0, [0]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else change anything meanwhile: what was looked at is still so when it is changed."""
        with self._changed:
            yield

    def get(self, number: int) -> str | None:
        """Return a text, or None."""
        return self._texts.get(number)

    def newest(self, count: int) -> dict[int, str]:
        """Return the newest notes, at most so many."""
        with self._changed:
            return dict(list(self._texts.items())[-count:])

    def add(self, text: str) -> int:
        """Keep a text under a number that none has had; return the number."""
        with self._changed:
            number = self._largest + 1
            self.put(number, text)
            return number

    def put(self, number: int, text: str) -> None:
        """Keep a text under this number, in the place of what is there."""
        with self._changed:
            self._texts[number] = text
            self._note(number)

    def remove(self, number: int) -> None:
        """Forget a note. What is not there need not be forgotten."""
        with self._changed:
            self._texts.pop(number, None)
            self._note(number)

    def _note(self, number: int) -> None:
        self._largest = max(self._largest, number)
        self._changes = [*self._changes[-99:], number]
        self._changed.notify_all()

    def changes(self, seconds: float) -> Iterator[int]:
        """Yield the numbers of the notes that there are, and of each that changes from now on, until nothing has for so long [s]."""
        with self._changed:
            present, seen = list(self._texts), self._changes[:]
        yield from present
        while seconds:
            with self._changed:
                deadline = self._clock() + seconds
                while self._changes is seen or self._changes == seen:
                    if not self._changed.wait(max(0.0, deadline - self._clock())):
                        return
                seen = self._changes[:]
                number = seen[-1]
            yield number

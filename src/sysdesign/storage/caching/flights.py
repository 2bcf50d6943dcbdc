"""Single flight: of all who want the same at once in one process, one goes, and the others get what it brings."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """What is under way in this process, by name."""

    def __init__(self) -> None:
        self._under_way: dict[bytes, Future[T]] = {}
        self._callers = 0
        self._lock = threading.Lock()

    @property
    def callers(self) -> int:
        """How many callers work or wait right now."""
        return self._callers

    def fly(self, name: bytes, work: Callable[[], T], patience_seconds: float | None = None) -> T | None:
        """Return what `work` returns, or raise what it raises: this caller's, or that of another who has begun already.

        Return None to who has waited `patience_seconds` for another's.
        """
        with self._lock:
            self._callers += 1
            flight = self._under_way.get(name)
            mine = flight is None
            if flight is None:
                flight = self._under_way[name] = Future()
        try:
            if mine:
                self._land(flight, work)
            return flight.result() if wait((flight,), patience_seconds).done else None
        finally:
            with self._lock:
                self._callers -= 1
                if mine and self._under_way.get(name) is flight:
                    del self._under_way[name]

    def _land(self, flight: Future[T], work: Callable[[], T]) -> None:
        try:
            flight.set_result(work())
        except BaseException as error:  # noqa: BLE001 - it is told to all who wait, this caller included
            flight.set_exception(error)

    def forget(self, name: bytes) -> None:
        """Let nobody join what is under way by this name: the next caller begins anew."""
        with self._lock:
            self._under_way.pop(name, None)

"""Where requests go: to the nearest region that is not known to be gone, and on to the next when it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

Answer = TypeVar("Answer")


class Traffic:
    """Sends requests to one of several regions, the nearest first.

    A region whose requests have failed `failures` times in a row is left out. After `retry_seconds` a single request tries it
    again: it comes back when that one is answered, so that a region that is still gone costs one request and not all.

    Args:
        regions: Their names, nearest first.
        failures: So many failures in a row, and a region is taken to be gone.
        retry_seconds: How long it is then left alone.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        regions: Sequence[str],
        failures: int = 2,
        retry_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.regions, self.failures, self.retry_seconds = list(regions), failures, retry_seconds
        self._clock, self._one_at_a_time = clock, threading.Lock()
        self._failed = dict.fromkeys(regions, 0)
        self._retry_at: dict[str, float] = {}

    def send(self, ask: Callable[[str], Answer]) -> Answer:
        """Ask the region whose turn it is, and return its answer.

        Raises:
            OSError: What asking raised; it counts as a failure of the region, and the request may be sent again.
        """
        region = self._take()
        try:
            answer = ask(region)
        except OSError:
            self._note_failure(region)
            raise
        self._note_answer(region)
        return answer

    def _take(self) -> str:
        with self._one_at_a_time:
            now = self._clock()
            for region in self.regions:
                if region not in self._retry_at:
                    return region
                if now >= self._retry_at[region]:
                    self._retry_at[region] = now + self.retry_seconds  # for the others; this one finds out
                    return region
            return self.regions[0]  # all seem gone: the nearest is as good a guess as any

    def _note_failure(self, region: str) -> None:
        with self._one_at_a_time:
            self._failed[region] += 1
            if self._failed[region] >= self.failures:
                self._retry_at[region] = self._clock() + self.retry_seconds

    def _note_answer(self, region: str) -> None:
        with self._one_at_a_time:
            self._failed[region] = 0
            self._retry_at.pop(region, None)

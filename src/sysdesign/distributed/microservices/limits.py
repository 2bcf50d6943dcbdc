"""What a caller allows a neighbour to cost it: so many calls at once, so many retries, and none while it is known to be away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sysdesign.storage.caching import Breaker


class UnavailableError(Exception):
    """A neighbour has not answered, or was not even asked.

    Args:
        service: Its name.
        why: What happened.
    """

    def __init__(self, service: str, why: str) -> None:
        super().__init__(f"{service}: {why}")
        self.service, self.why = service, why


@dataclass(frozen=True)
class Policy:
    """How a service treats each of its neighbours.

    A retry repeats the work of all services below, which may do the same: with three attempts at each of three layers one
    failure is 27 requests at the lowest. So retries are paid from a budget that calls fill slowly.
    """

    timeout_seconds: float = 1.0
    """Of one attempt, if the deadline is not earlier."""
    attempts: int = 3
    retry_ratio: float = 0.1
    """Retries for each call, over time."""
    concurrent: int = 4
    """Calls under way at once: fewer than the service has threads, or one slow neighbour gets them all."""
    failures: int = 5
    """How many in a row open the breaker."""
    probe_seconds: float = 0.5
    """How often an open breaker lets one call through."""


class RetryBudget:
    """Each call puts a share of a retry into it, each retry takes a whole one out.

    Args:
        ratio: The share.
        most: How many retries may be saved up; it begins with one.
    """

    def __init__(self, ratio: float, most: float = 10.0) -> None:
        self._ratio, self._most, self._saved = ratio, most, 1.0
        self._lock = threading.Lock()

    def called(self) -> None:
        """Note a call."""
        with self._lock:
            self._saved = min(self._most, self._saved + self._ratio)

    def allows_retry(self) -> bool:
        """Take a retry out, if there is one."""
        with self._lock:
            if self._saved < 1:
                return False
            self._saved -= 1
            return True


class Bulkhead:
    """Lets so many in at once, and refuses all others at once: who waited in front of it would hold a thread as well.

    Args:
        service: Whose bulkhead it is.
        most: How many may be inside.
    """

    def __init__(self, service: str, most: int) -> None:
        self._service, self._free = service, threading.BoundedSemaphore(most)

    @contextmanager
    def compartment(self) -> Iterator[None]:
        """Be inside as long as the block lasts. Raises UnavailableError."""
        if not self._free.acquire(blocking=False):
            raise UnavailableError(self._service, "too many calls are under way")
        try:
            yield
        finally:
            self._free.release()


class Limits:
    """The limits of one neighbour.

    Args:
        service: Its name.
        policy: What it may cost.
        clock: Seconds that never jump, for the breaker.
    """

    def __init__(self, service: str, policy: Policy, clock: Callable[[], float] = time.monotonic) -> None:
        self.breaker = Breaker(policy.failures, policy.probe_seconds, clock)
        self.bulkhead = Bulkhead(service, policy.concurrent)
        self.budget = RetryBudget(policy.retry_ratio)

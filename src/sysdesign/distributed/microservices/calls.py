"""Calls from one service to another: found by name, bounded in time, in number and in retries, and part of one trace."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from . import tracing
from .deadlines import Deadline
from .limits import Limits, Policy, UnavailableError

if TYPE_CHECKING:
    import urllib3

Find: TypeAlias = Callable[[str], Sequence[str]]
"""Returns the addresses, as `http://host:port`, of the instances of a service."""

OK, NOT_FOUND, SERVER_ERROR, GATEWAY_TIMEOUT = 200, 404, 500, 504


class Calls:
    """Asks neighbours.

    Args:
        find: Tells where they are.
        policy: What each of them may cost.
        clock: Seconds that never jump, for the breakers.
    """

    def __init__(self, find: Find, policy: Policy | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        import urllib3

        self._find, self._policy, self._clock = find, policy or Policy(), clock
        self._limits: dict[str, Limits] = {}
        self._lock = threading.Lock()
        self._turns = itertools.count()
        # As many kept connections an instance as may be in use at once; it neither retries nor redirects by itself.
        self._http = urllib3.PoolManager(maxsize=self._policy.concurrent, retries=False)

    def limits(self, service: str) -> Limits:
        """Return the limits of a neighbour."""
        with self._lock:
            return self._limits.setdefault(service, Limits(service, self._policy, self._clock))

    def get(self, service: str, path: str, deadline: Deadline) -> Any | None:
        """Return what a neighbour answers, None if it says that there is no such thing.

        Raises:
            UnavailableError: It does not answer, or not with 200 or 404; or it was not asked.
            DeadlineExceededError: There is no time left.
        """
        limits = self.limits(service)
        limits.budget.called()
        with limits.bulkhead.compartment():
            for _ in range(self._policy.attempts - 1):
                try:
                    return self._attempt(limits, service, path, deadline)
                except UnavailableError:
                    if not limits.budget.allows_retry():
                        raise
            return self._attempt(limits, service, path, deadline)

    def _attempt(self, limits: Limits, service: str, path: str, deadline: Deadline) -> Any | None:
        addresses = self._find(service)
        if not addresses:
            raise UnavailableError(service, "nobody knows where it is")
        told = deadline.headers()
        if not limits.breaker.allows():
            raise UnavailableError(service, "it has not answered lately, and is not asked")
        address = addresses[next(self._turns) % len(addresses)]  # a retry asks the next one
        with tracing.calling(f"GET {service}") as headers:
            answer = self._exchange(limits, service, f"{address}{path}", {**told, **headers}, deadline)
        return None if answer.status == NOT_FOUND else answer.json()

    def _exchange(
        self, limits: Limits, service: str, url: str, headers: Mapping[str, str], deadline: Deadline
    ) -> urllib3.BaseHTTPResponse:
        """Make one request, and tell the breaker how it went. That somebody had little time is not the neighbour's failure."""
        import urllib3

        left = deadline.remaining_seconds()
        seconds = min(self._policy.timeout_seconds, left)
        try:
            answer = self._http.request("GET", url, headers=headers, timeout=urllib3.Timeout(total=seconds))
        except urllib3.exceptions.HTTPError as error:
            if seconds < left or not isinstance(error, urllib3.exceptions.TimeoutError):
                limits.breaker.failed()
            raise UnavailableError(service, type(error).__name__) from error
        if answer.status >= SERVER_ERROR and answer.status != GATEWAY_TIMEOUT:
            limits.breaker.failed()
        if answer.status not in {OK, NOT_FOUND}:
            raise UnavailableError(service, f"it answered {answer.status}")
        limits.breaker.succeeded()
        return answer

"""Backends: what the balancer knows of each, and which of them may be asked now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sysdesign.storage.load_balancing.policies import Policy

CALM = 10
"""A backend that has been up for so many times the length of its last ejection starts again with the shortest."""


@dataclass(frozen=True)
class HealthRules:
    """When a backend is taken out, and when it comes back. Times in seconds.

    Args:
        rise: Checks in a row that must pass before a backend that is down is up again.
        fall: Checks in a row that must fail before a backend that is up is down.
        max_failures: Requests in a row that must fail before a backend is ejected, whatever its checks say.
        eject_seconds: How long the first ejection lasts at least; each further one twice as long as the last.
        longest_seconds: How long an ejection lasts at most.
        slow_start_seconds: How long a backend that came back takes to get its whole share.
        checked: Whether there are active checks; without them an ejection ends with its time.
    """

    rise: int = 2
    fall: int = 3
    max_failures: int = 3
    eject_seconds: float = 1.0
    longest_seconds: float = 60.0
    slow_start_seconds: float = 10.0
    checked: bool = True


class Health:
    """Up or down, by what active checks and real requests tell. It takes several in a row to change its mind, both ways."""

    def __init__(self, rules: HealthRules, clock: Callable[[], float]) -> None:
        self._rules, self._clock = rules, clock
        self.up = True
        self.changes = 0
        """How often it has gone down or up."""
        self._streak = 0  # checks in a row that speak for the other state
        self._failures = 0  # requests in a row that failed
        self._ejected_until = self._last_ejection = 0.0
        self._returned = -float("inf")

    def checked(self, passed: bool) -> None:  # noqa: FBT001 - the one thing that a check tells
        """Note the result of an active check."""
        if passed == self.up or self._clock() < self._ejected_until:
            self._streak = 0
            return
        self._streak += 1
        if self._streak >= (self._rules.rise if passed else self._rules.fall):
            self._become(up=passed)

    def failed(self) -> None:
        """Note a request that failed on the backend's side: refused, cut off, or not answered in time."""
        self._failures += 1
        if self.up and self._failures >= self._rules.max_failures:
            now, last = self._clock(), self._last_ejection
            calm = now - self._returned > CALM * last
            self._last_ejection = self._rules.eject_seconds if calm else min(2 * last, self._rules.longest_seconds)
            self._ejected_until = now + self._last_ejection
            self._become(up=False)

    def succeeded(self) -> None:
        """Note a request that was answered."""
        self._failures = 0

    def end_of_ejection(self) -> None:
        """Come back when the time of an ejection is over, where no check will tell."""
        if not self.up and not self._rules.checked and self._clock() >= self._ejected_until:
            self._become(up=True)

    @property
    def share(self) -> float:
        """The part of its turns that it takes: rising from a tenth to one while it starts slowly."""
        ramp = self._rules.slow_start_seconds
        return max(0.1, min(1.0, (self._clock() - self._returned) / ramp)) if ramp else 1.0

    def _become(self, *, up: bool) -> None:
        self.up = up
        self.changes += 1
        self._streak = self._failures = 0
        if up:
            self._returned = self._clock()


@dataclass(eq=False)
class Backend:
    """One server behind the balancer."""

    host: str
    port: int
    weight: int
    health: Health
    draining: bool = False
    in_flight: int = 0
    requests: int = 0
    failures: int = 0
    credit: int = 0
    warmth: float = 0.0
    """Parts of turns saved up while it starts slowly."""
    idle: list[Any] = field(default_factory=list)
    """Connections to it that wait for a request, the one used last on top."""

    def __post_init__(self) -> None:
        self.name = f"{self.host}:{self.port}"

    @property
    def state(self) -> str:
        """`draining`, `down`, `starting` or `up`."""
        if self.draining:
            return "draining"
        if not self.health.up:
            return "down"
        return "up" if self.health.share >= 1 else "starting"


class Pool:
    """The backends, and the choice among those that may be asked.

    Args:
        policy: Chooses among them.
        rules: Their health rules.
        clock: Seconds that never go back.
    """

    def __init__(self, policy: Policy, rules: HealthRules, clock: Callable[[], float]) -> None:
        self._policy, self._rules, self._clock = policy, rules, clock
        self.members: dict[str, Backend] = {}
        self._ready: list[Backend] = []
        self._starting = False

    def add(self, host: str, port: int, weight: int = 1) -> Backend:
        """Let a backend take requests from now on; one that is there already takes the new weight, and drains no more."""
        if weight < 1:
            raise ValueError("weight must be at least 1")
        name = f"{host}:{port}"
        backend = self.members.get(name) or Backend(host, port, weight, Health(self._rules, self._clock))
        self.members[name] = backend
        backend.weight, backend.draining = weight, False
        self.refresh()
        return backend

    def drain(self, name: str) -> None:
        """Give a backend no further requests; those in flight go on. Raises KeyError."""
        self.members[name].draining = True
        self.refresh()

    def remove(self, name: str) -> Backend:
        """Forget a backend; requests in flight go on. Raises KeyError."""
        backend = self.members.pop(name)
        backend.draining = True
        self.refresh()
        return backend

    def pick(self, key: bytes = b"", tried: Sequence[Backend] = ()) -> Backend | None:
        """Return the backend for a request, None if no one is left that may be asked.

        Args:
            key: What affinity looks at.
            tried: Backends on which this request has failed already.
        """
        candidates = self._ready
        if tried:
            candidates = [backend for backend in candidates if backend not in tried]
        if not candidates:
            return None
        chosen = self._policy.pick(candidates, key)
        while self._starting and len(candidates) > 1 and not self._takes_its_turn(chosen):
            candidates = [backend for backend in candidates if backend is not chosen]
            chosen = self._policy.pick(candidates, key)
        return chosen

    def _takes_its_turn(self, backend: Backend) -> bool:
        """While a backend starts slowly it lets turns pass: it takes one whenever its shares have added up to one."""
        backend.warmth += backend.health.share
        if backend.warmth < 1:
            return False
        backend.warmth -= 1
        return True

    def failed(self, backend: Backend) -> None:
        """Note a failed request; perhaps its backend is ejected."""
        backend.failures += 1
        backend.health.failed()
        self.refresh()

    def checked(self, backend: Backend, *, passed: bool) -> None:
        """Note the result of a check."""
        backend.health.checked(passed)
        self.refresh()

    def refresh(self) -> None:
        """Find out anew who may be asked: whenever something was noted, and from time to time."""
        for backend in self.members.values():
            backend.health.end_of_ejection()
        self._ready = [backend for backend in self.members.values() if backend.state in {"up", "starting"}]
        self._starting = any(backend.state == "starting" for backend in self._ready)

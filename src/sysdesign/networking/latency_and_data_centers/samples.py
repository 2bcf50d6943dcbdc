"""What was measured: round trips, those that never came back, and how to speak of both."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Reason: TypeAlias = Literal["unknown host", "no route", "unreachable", "not permitted", "no such program"]


class NotMeasured(Exception):  # noqa: N818 - a fact about the network or the machine, not an error of the program
    """There is no round trip to tell of.

    Args:
        reason: `unknown host`: the name has no address. `no route`: nobody on the way knows a way on. `unreachable`: there is
            a way, and nobody answers at its end. `not permitted`, `no such program`: it was not even tried.
        detail: What was seen, and what would help.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


@dataclass(frozen=True)
class Target:
    """Whom to measure: a name or an address, the port for TCP, and the address of ours to do it from, if it matters."""

    host: str
    port: int = 443
    source: str | None = None


@dataclass(frozen=True)
class Sample:
    """The round trips to one target, in seconds, in the order in which they came back, of so many that were sent."""

    target: Target
    method: str
    round_trips: tuple[float, ...]
    sent: int

    @property
    def least(self) -> float:
        """The least round trip: waiting only ever adds, so this comes closest to what the way itself costs."""
        return min(self.round_trips)

    @property
    def typical(self) -> float:
        """The median."""
        return percentile(self.round_trips, 50)

    @property
    def tail(self) -> float:
        """The 99th percentile: what one in a hundred has to wait, and everybody who needs a hundred answers."""
        return percentile(self.round_trips, 99)

    @property
    def loss(self) -> float:
        """The share that never came back."""
        return 1 - len(self.round_trips) / self.sent


@dataclass(frozen=True)
class Hop:
    """One step of a trace: the router at this distance and its round trip in seconds; None for both where it is silent."""

    distance: int
    address: str | None
    round_trip: float | None


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least so many percent do not exceed (nearest rank): one that was really seen.

    Raises:
        ValueError: There are no values.
    """
    if not values:
        raise ValueError("no percentile of nothing")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def any_of(share: float, count: int) -> float:
    """Return how likely at least one of so many independent answers is among this share: 1 − (1 − share)^count."""
    return 1 - (1 - share) ** count

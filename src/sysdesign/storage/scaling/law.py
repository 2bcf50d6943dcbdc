"""The arithmetic of capacity: how throughput grows with size, and how much is under way at once.

The Universal Scalability Law (Gunther, Guerrilla Capacity Planning, 2007, ch. 4-6) says what N times the capacity is worth:

    throughput(N) = rate · N / (1 + contention · (N - 1) + coherency · N · (N - 1))

Contention is the part of the work that all have to queue for, as in Amdahl's law: it bends the curve towards rate ÷ contention.
Coherency is what each must tell each other: it bends the curve down again, so that beyond its peak more is less.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """A fitted scalability curve.

    Attributes:
        rate: Throughput of one [requests/s].
        contention: The serial part of the work, 0 to 1.
        coherency: What agreement costs each pair, 0 where nothing is agreed upon.
    """

    rate: float
    contention: float
    coherency: float

    def throughput(self, size: float) -> float:
        """Return the throughput of so many [requests/s]."""
        return self.rate * size / (1 + self.contention * (size - 1) + self.coherency * size * (size - 1))

    @property
    def peak(self) -> float:
        """The size beyond which throughput falls; infinite where nothing is agreed upon."""
        return math.sqrt(max(0.0, 1 - self.contention) / self.coherency) if self.coherency else math.inf


def fit(points: Sequence[tuple[float, float]]) -> Curve:
    """Fit the law to measured (size, throughput) pairs by linear least squares.

    size ÷ throughput is linear in what is sought: 1/rate · (1 + contention · (N - 1) + coherency · N · (N - 1)). Its relative error is
    made least, for that is how throughput varies. A cost cannot be negative: where noise makes one so, it is left out.

    Raises:
        ValueError: Fewer than three sizes, or a throughput that is not positive: nothing can be told from that.
    """
    import numpy as np

    if len({size for size, _ in points}) < 3 or any(throughput <= 0 for _, throughput in points):
        raise ValueError("a curve of three unknowns needs throughput at three sizes or more")
    size, throughput = np.array(points, dtype=float).T
    unknowns = np.stack([np.ones_like(size), size - 1, size * (size - 1)], axis=1) * (throughput / size)[:, None]
    possible: list[tuple[float, Curve]] = []
    for used in ([0, 1, 2], [0, 1], [0, 2], [0]):
        costs = np.zeros(3)
        costs[used] = np.linalg.lstsq(unknowns[:, used], np.ones_like(size), rcond=None)[0]
        if costs[0] > 0 and min(costs) >= 0:
            error = float(np.sum((unknowns @ costs - 1) ** 2))
            possible.append((error, Curve(*map(float, (1 / costs[0], costs[1] / costs[0], costs[2] / costs[0])))))
    return min(possible, key=lambda found: found[0])[1]


def mean_in_flight(throughput: float, seconds: float) -> float:
    """Return how many requests are under way on average (Little's law: J. D. C. Little, Operations Research 9(3), 1961).

    It holds for whatever is stable, in whichever order and however irregularly requests come.

    Args:
        throughput: Answers a second.
        seconds: Mean time from the request to its answer.
    """
    return throughput * seconds


def longest_queue(slots: int, seconds: float, patience: float) -> int:
    """Return how many requests may wait for a slot, so that the last one is answered within the patience of whoever sent it.

    Little's law again: what slots ÷ seconds can do within the patience, less what is at work already. A longer queue serves
    people who have left.
    """
    return max(0, math.floor(mean_in_flight(slots / seconds, patience)) - slots)

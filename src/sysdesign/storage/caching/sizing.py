"""How good a cache of a given size will be: the hit ratio, from how popular things are, before anything is built."""

from __future__ import annotations

from collections.abc import Sequence


def zipf(values: int, exponent: float) -> list[float]:
    """Return the shares of all requests that go to each of so many values, the most popular first."""
    weights = [rank**-exponent for rank in range(1, values + 1)]
    return [weight / sum(weights) for weight in weights]


def hit_ratio(shares: Sequence[float], capacity: float) -> float:
    """Return the share of requests that a full cache of `capacity` values answers, if requests do not depend on each other.

    Che's approximation (Che, Tung and Wang, IEEE JSAC 2002) in its form for the eviction of random values (Fricker, Robert and Roberts,
    ITC 24, 2012): there is one time, the same for all values, such that a value which is asked for `asked` times in it is present with
    the chance `asked / (1 + asked)`, and that the expected number of values present is the capacity.
    """

    def presence(share: float) -> float:
        return share * time / (1 + share * time)

    low, high, time = 0.0, 1.0, 1.0  # in requests
    while sum(map(presence, shares)) < capacity < len(shares):
        high = time = 2 * time
    for _ in range(60):
        time = (low + high) / 2
        low, high = (time, high) if sum(map(presence, shares)) < capacity else (low, time)
    return sum(share * presence(share) for share in shares)

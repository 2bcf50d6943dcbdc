"""Policies: which backend takes the next request. Pure, without time or network; each choice depends on what went before alone."""

from __future__ import annotations

import bisect
import random
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import xxhash

POINTS = 160
"""Places of each backend on the ring, times its weight: loads then differ by about a tenth (Karger et al. 1997)."""


class Candidate(Protocol):
    """What a policy sees of a backend."""

    name: str
    weight: int
    in_flight: int
    """Requests that were sent to it and are not yet answered."""
    credit: int
    """What the smooth weighted policy owes it."""


C = TypeVar("C", bound=Candidate)


class Policy(Protocol):
    """Chooses one of the candidates, of which there is at least one."""

    def pick(self, candidates: Sequence[C], key: bytes) -> C:
        """Return the one that takes a request with this affinity key (empty where the policy looks at none)."""


class RoundRobin:
    """Each in turn. Fair in requests; blind to weights, and to how long requests take."""

    def __init__(self) -> None:
        self._turn = -1

    def pick(self, candidates: Sequence[C], key: bytes) -> C:
        """Return the next one."""
        del key
        self._turn = turn = (self._turn + 1) % len(candidates)
        return candidates[turn]


class SmoothWeighted:
    """Each in proportion to its weight, and the heavy ones' turns spread out: a a b a c a a instead of a a a a a b c.

    Everyone earns its weight each time, and the richest pays all that was earned (nginx, 2012). Over a cycle of as many requests as the
    weights add up to, each gets exactly its weight.
    """

    def pick(self, candidates: Sequence[C], key: bytes) -> C:
        """Return the one that is owed most."""
        del key
        total, richest = 0, candidates[0]
        for candidate in candidates:
            total += candidate.weight
            candidate.credit += candidate.weight
            if candidate.credit > richest.credit:
                richest = candidate
        richest.credit -= total
        return richest


class LeastConnections:
    """The one with the fewest requests in flight for its weight: a slow backend keeps its requests longer, and so gets fewer."""

    def __init__(self) -> None:
        self._turn = -1

    def pick(self, candidates: Sequence[C], key: bytes) -> C:
        """Return the least loaded one; among equals each in turn."""
        del key
        self._turn = turn = (self._turn + 1) % len(candidates)
        return min((*candidates[turn:], *candidates[:turn]), key=_load)


class TwoChoices:
    """The less loaded of two drawn at random: nearly as even as looking at all, and no herd where several balancers see the same loads.

    See Mitzenmacher 2001: the fullest of n gets log log n instead of log n above the mean.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def pick(self, candidates: Sequence[C], key: bytes) -> C:
        """Draw two and return the less loaded one."""
        del key
        if len(candidates) == 1:
            return candidates[0]
        one, other = self._chance.sample(candidates, 2)
        return one if _load(one) <= _load(other) else other


class ConsistentHash:
    """Requests with the same key go to the same backend, and a backend that leaves or comes moves no keys but its own share.

    Each backend stands on a ring in many places; a key belongs to the first one clockwise that is a candidate.
    """

    def __init__(self) -> None:
        self._members: dict[str, int] = {}
        self._places: list[int] = []
        self._owners: list[str] = []

    def pick(self, candidates: Sequence[C], key: bytes) -> C:
        """Return the owner of the key."""
        by_name = {candidate.name: candidate for candidate in candidates}
        if any(self._members.get(candidate.name) != candidate.weight for candidate in candidates):
            self._build({candidate.name: candidate.weight for candidate in candidates})
        at = bisect.bisect(self._places, xxhash.xxh3_64_intdigest(key))
        while (owner := self._owners[at % len(self._owners)]) not in by_name:
            at += 1  # it is away for now: its keys go to the next ones, and come back with it
        return by_name[owner]

    def _build(self, members: dict[str, int]) -> None:
        self._members = members
        ring = sorted(
            (xxhash.xxh3_64_intdigest(f"{name}#{point}".encode()), name)
            for name, weight in members.items()
            for point in range(POINTS * weight)
        )
        self._places, self._owners = [place for place, _ in ring], [name for _, name in ring]


def _load(candidate: Candidate) -> float:
    return candidate.in_flight / candidate.weight


POLICIES: dict[str, Callable[[random.Random], Policy]] = {
    "round-robin": lambda _: RoundRobin(),
    "weighted": lambda _: SmoothWeighted(),
    "least-connections": lambda _: LeastConnections(),
    "two-choices": TwoChoices,
    "consistent-hash": lambda _: ConsistentHash(),
}
"""How each policy is made, by its name on the command line."""

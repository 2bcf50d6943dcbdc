"""Services: SRV records tell who offers one, whom to try first, and how to share the load (RFC 2782)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol


class Chance(Protocol):
    """Draws whole numbers."""

    def randint(self, low: int, high: int) -> int:
        """Return a number from `low` to `high`, both included."""


class Target(NamedTuple):
    """Who offers a service."""

    priority: int
    weight: int
    port: int
    host: str


def in_turn(records: Iterable[str], chance: Chance) -> list[Target]:
    """Return the targets of SRV records in the order in which one client should try them.

    Those with a lower priority come first. Among equals each is drawn with a probability in proportion to its weight, so that
    over many clients each gets its share, and who fails is replaced by the next.
    """
    fields = (record.split() for record in records)
    left = [Target(int(priority), int(weight), int(port), host) for priority, weight, port, host in fields]
    left.sort(key=lambda target: (target.priority, target.weight))  # weight 0 first: it is drawn, but hardly ever
    order: list[Target] = []
    while left:
        equals = [target for target in left if target.priority == left[0].priority]
        drawn = chance.randint(0, sum(target.weight for target in equals))
        for target in equals:
            drawn -= target.weight
            if drawn <= 0:
                break
        order.append(target)
        left.remove(target)
    return order

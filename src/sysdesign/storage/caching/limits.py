"""What the application decides: how long, how much, how many."""

from __future__ import annotations

from dataclasses import dataclass


class Overloaded(Exception):  # noqa: N818 - a state, not a mistake
    """So many loads are under way that this one did not get its turn in time."""


@dataclass(frozen=True)
class Limits:
    """How long entries and waiting last, in seconds, and how much the source must bear.

    Args:
        seconds: The lifetime of a value: the bound on staleness if a process dies between its write and its delete.
        absent_seconds: The same for the entry that says that there is nothing.
        lease_seconds: How long a load may take before another caller may try: longer than the source's own time limit.
        loads_at_once: How many loads this process runs at the same time, with the cache or without.
        patience_seconds: How long a load waits for its turn among them.
    """

    seconds: float = 300.0
    absent_seconds: float = 10.0
    lease_seconds: float = 5.0
    loads_at_once: int = 8
    patience_seconds: float = 2.0


DEFAULTS = Limits()

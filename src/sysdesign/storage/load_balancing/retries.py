"""Retries: which requests may be sent twice, and how many of them before retrying makes an outage worse."""

from __future__ import annotations

IDEMPOTENT = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE"})
"""Methods whose second sending has no second effect (RFC 9110 §9.2.2)."""


class RetryBudget:
    """Retries may be a part of the requests, and no more: when everything fails, load rises by that part instead of multiplying.

    Args:
        ratio: Retries for each request.
        reserve: Retries that may come in a row, after a time without failures.
    """

    def __init__(self, ratio: float = 0.2, reserve: float = 32) -> None:
        self._ratio, self._reserve = ratio, reserve
        self._balance = float(reserve)

    def deposit(self) -> None:
        """Note a request."""
        if self._balance < self._reserve:
            self._balance += self._ratio

    def withdraw(self) -> bool:
        """Take one retry if there is one."""
        if self._balance < 1:
            return False
        self._balance -= 1
        return True

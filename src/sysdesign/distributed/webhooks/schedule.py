"""When to try again, and when to stop: what each answer of an endpoint means for its delivery."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

TEMPORARY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
"""Statuses below 500 that ask for another attempt."""


@dataclass(frozen=True)
class Answer:
    """How an attempt ended: with a status, or with what went wrong before there was one."""

    status: int | None
    error: str = ""
    retry_after: str | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has taken the event: only 2xx says so."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def refused(self) -> bool:
        """Whether the same request will hardly fare better: 3xx (never followed) and 4xx, but for those that say `later`."""
        return (
            self.status is not None
            and HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.INTERNAL_SERVER_ERROR
            and self.status not in TEMPORARY
        )

    def __str__(self) -> str:
        return str(self.status) if self.status is not None else self.error


@dataclass(frozen=True)
class Verdict:
    """What becomes of a delivery: its state, when it is due again, why it is dead, whether its endpoint wants no more."""

    state: Literal["delivered", "pending", "dead"]
    due_at: float = 0.0
    reason: str = ""
    disables: bool = False


@dataclass(frozen=True)
class Schedule:
    """Exponential backoff with jitter: ten attempts over two days and a half, unless told otherwise.

    The pause behind attempt n is first · factor^(n-1), at most `longest`, shortened by chance by up to the share `jitter`:
    so those who failed together do not come back together. `Retry-After` is a floor beneath it.

    Args:
        first_seconds: The longest pause behind the first attempt.
        factor: How much longer each pause is than the one before.
        longest_seconds: The longest pause of all; no `Retry-After` asks for more.
        jitter: From 0, none, to 1, anything from nothing to the whole pause.
        attempts: After so many the delivery is dead, and waits for somebody to look at it.
        refused_attempts: After so many that were refused (3xx, 4xx) it is dead already.
        chance: Returns a number from 0 up to 1.
    """

    first_seconds: float = 5.0
    factor: float = 4.0
    longest_seconds: float = 86_400.0
    jitter: float = 0.2
    attempts: int = 10
    refused_attempts: int = 3
    chance: Callable[[], float] = random.random

    def verdict(self, tries: int, refusals: int, answer: Answer, now: float) -> Verdict:
        """Decide about a delivery after an attempt.

        Args:
            tries: How many attempts there have been, with this one.
            refusals: How many of those before it were refused.
            answer: How it ended.
            now: When, in seconds since the epoch.
        """
        if answer.delivered:
            return Verdict("delivered")
        if answer.status == HTTPStatus.GONE:
            return Verdict("dead", reason="the endpoint wants no more (410)", disables=True)
        if tries >= self.attempts or (answer.refused and refusals + 1 >= self.refused_attempts):
            return Verdict("dead", reason=f"given up after {tries} attempts, the last: {answer}")
        asked = min(retry_after_seconds(answer.retry_after, now), self.longest_seconds)
        return Verdict("pending", due_at=now + max(self.pause(tries), asked))

    def pause(self, tries: int) -> float:
        """Return how many seconds to wait behind the attempt of that number."""
        whole = min(self.longest_seconds, self.first_seconds * self.factor ** (tries - 1))
        return whole * (1 - self.jitter * self.chance())


def retry_after_seconds(field: str | None, now: float) -> float:
    """Return for how many seconds the endpoint asks (RFC 9110 §10.2.3: seconds, or a date); 0 if it asks for nothing sensible."""
    if not field:
        return 0.0
    if field.isascii() and field.isdigit():
        return float(field)
    try:
        return max(0.0, parsedate_to_datetime(field).timestamp() - now)
    except (ValueError, OverflowError):
        return 0.0

"""Endpoints: who is told, at which URL, signed with which secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from .signatures import key_of, new_secret
from .store import Store

TABLE = """CREATE TABLE IF NOT EXISTS endpoints (
    number {serial}, url TEXT NOT NULL, secrets TEXT NOT NULL, disabled TEXT)"""


class NoEndpointError(LookupError):
    """There is no endpoint of that number."""


@dataclass(frozen=True)
class Endpoint:
    """A customer's endpoint; `disabled` says why it gets nothing, and is None as long as it does."""

    number: int
    url: str
    disabled: str | None


class Endpoints:
    """The endpoints in a store.

    Args:
        store: The database of the business. It keeps secrets as they are: encrypt it, or them.
        clock: Tells the seconds since the epoch.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        store.create(TABLE)

    def add(self, url: str, secret: str) -> int:
        """Tell an endpoint of everything from now on; return its number. Raises ValueError: no usable secret."""
        key_of(secret)
        insert = "INSERT INTO endpoints (url, secrets) VALUES (%s, %s) RETURNING number"
        with self._store.transaction() as execute:
            [(number,)] = execute(insert, url, json.dumps([[secret, None]]))
        return int(number)

    def rotate(self, number: int, keep_seconds: float) -> str:
        """Give an endpoint a new secret; those before it sign as well for `keep_seconds`, and no longer. Raises NoEndpointError."""
        secret, until = new_secret(), self._clock() + keep_seconds
        with self._store.transaction() as execute:
            # The first statement writes, so that of two rotations at once one waits for the other.
            found = execute("UPDATE endpoints SET secrets = secrets WHERE number = %s RETURNING secrets", number)
            if not found:
                raise NoEndpointError(number)
            [(kept,)] = found
            old = [[one, until if ends is None else min(ends, until)] for one, ends in json.loads(kept)]
            secrets = [[secret, None], *(pair for pair in old if pair[1] > self._clock())]
            execute("UPDATE endpoints SET secrets = %s WHERE number = %s", json.dumps(secrets), number)
        return secret

    def enable(self, number: int) -> None:
        """Let a disabled endpoint have what has waited for it, by hand. Raises NoEndpointError."""
        with self._store.transaction() as execute:
            if not execute("UPDATE endpoints SET disabled = NULL WHERE number = %s RETURNING number", number):
                raise NoEndpointError(number)

    def all(self) -> list[Endpoint]:
        """Return them all."""
        with self._store.transaction() as execute:
            rows = execute("SELECT number, url, disabled FROM endpoints ORDER BY number")
        return [Endpoint(*row) for row in rows]


def valid_secrets(kept: str, now: float) -> tuple[str, ...]:
    """Return the secrets of an endpoint that sign at this time, the newest first."""
    return tuple(secret for secret, until in json.loads(kept) if until is None or now < until)

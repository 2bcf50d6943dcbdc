"""What was asked under which key, and how it was answered: the mechanism of idempotency, in three strengths.

`TransactionalKeys` is the one to copy: key, effect and answer are one transaction, so that all of them are there or
none is, whenever the process dies. The row of the key is the lock, too: a duplicate that comes meanwhile waits for it.
`RedisKeys` (in redis_keys) is what can be had when keys and effect live in two stores; `NoKeys` is the bare handler.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any, Protocol, TypeAlias

from .store import Database, Execute, Problem


class Step(Enum):
    """The steps of one request, behind each of which the process may die (RedisKeys commits before it keeps)."""

    RECEIVED = "received"
    CLAIMED = "claimed"
    ACTED = "acted"
    KEPT = "kept"
    COMMITTED = "committed"


@dataclass(frozen=True)
class Claim:
    """Whose request it is, under which key, and the fingerprint of what was asked."""

    caller: str
    key: str
    fingerprint: str


@dataclass(frozen=True)
class Answer:
    """What the client is told: decided once, and repeated to every duplicate."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str] = field(default_factory=dict)

    def again(self) -> Answer:
        """Return it as a duplicate gets it: the same, and marked."""
        return replace(self, headers={**self.headers, "Idempotent-Replayed": "true"})


Act: TypeAlias = Callable[[Execute], Answer]
"""Does what is asked, within a transaction; what it returns is kept, whatever it raises undoes it and is forgotten."""

Reach: TypeAlias = Callable[[Step], None]
"""Called behind each step, which is where tests kill the process."""


class Keys(Protocol):
    """A memory of requests."""

    def once(self, claim: Claim, act: Act) -> Answer:
        """Act at the first call of this claim, repeat the answer at any other.

        Raises:
            Problem: 409 while the first call is at work, 422 when the key names another request, 503 without the store.
        """


def fingerprint(method: str, path: str, payload: object) -> str:
    """Return the same text for the same request, however its JSON is spelled."""
    return hashlib.sha256(f"{method} {path}\n{json.dumps(payload, sort_keys=True)}".encode()).hexdigest()


def repeat(claim: Claim, asked: str, answer: str | None) -> Answer:
    """Return the answer kept for an earlier request, if that request was the same and is through. Raises Problem."""
    if asked != claim.fingerprint:
        raise Problem(422, "This Idempotency-Key was used for another request; a new request needs a new key.")
    if answer is None:
        raise in_progress()
    return Answer(**json.loads(answer)).again()


def in_progress() -> Problem:
    """Return the problem of a duplicate that came while the first request is at work."""
    return Problem(409, "A request with this Idempotency-Key is being processed.", {"Retry-After": "1"})


class TransactionalKeys:
    """Key, effect and answer in one transaction of the store in which the effect takes place.

    Args:
        database: The store of both.
        keep_seconds: How long an answer is repeated; afterwards the key may name a new request.
        clock: Tells the time in seconds.
        reach: Called behind each step.
    """

    def __init__(self, database: Database, keep_seconds: float, clock: Callable[[], float], reach: Reach) -> None:
        self._database, self._keep_seconds, self._clock, self._reach = database, keep_seconds, clock, reach

    def once(self, claim: Claim, act: Act) -> Answer:
        """See `Keys`; a duplicate waits as long as the database's `wait_seconds` for the first to be through."""
        self._reach(Step.RECEIVED)
        with self._database.transaction() as execute:
            if not self._claim(execute, claim):
                return repeat(claim, *self._kept(execute, claim))
            self._reach(Step.CLAIMED)
            answer = act(execute)
            self._reach(Step.ACTED)
            self._keep(execute, claim, answer)
            self._reach(Step.KEPT)
        self._reach(Step.COMMITTED)
        return answer

    def _claim(self, execute: Execute, claim: Claim) -> bool:
        """Take the key if it is free or has expired, in one statement: between look and write another could come."""
        now = self._clock()
        values = (claim.caller, claim.key, claim.fingerprint, now + self._keep_seconds, now)
        try:
            taken = execute(
                """INSERT INTO idempotency_keys (caller, key, fingerprint, expires_at) VALUES (%s, %s, %s, %s)
                ON CONFLICT (caller, key) DO UPDATE
                SET fingerprint = excluded.fingerprint, expires_at = excluded.expires_at
                WHERE idempotency_keys.expires_at <= %s RETURNING key""",
                *values,
            )
        except self._database.row_locked as locked:
            raise in_progress() from locked
        return bool(taken)

    def _kept(self, execute: Execute, claim: Claim) -> tuple[str, str]:
        query = "SELECT fingerprint, answer FROM idempotency_keys WHERE caller = %s AND key = %s"
        [(asked, answer)] = execute(query, claim.caller, claim.key)
        return asked, answer

    def _keep(self, execute: Execute, claim: Claim, answer: Answer) -> None:
        text = json.dumps(asdict(answer))
        execute("UPDATE idempotency_keys SET answer = %s WHERE caller = %s AND key = %s", text, claim.caller, claim.key)


class NoKeys:
    """The bare handler: every request acts. What idempotency costs is measured against it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def once(self, claim: Claim, act: Act) -> Answer:
        """Act, whatever the claim."""
        del claim
        with self._database.transaction() as execute:
            return act(execute)

"""The outbox: events, and what has become of each at each endpoint, in the database of the business itself.

An event is written in the transaction of what it tells of, so that there is either both or neither. A sender claims a
delivery for as long as a lease; if the sender dies, the lease ends, and another makes the next attempt with the same id
and the same bytes. So an endpoint can be told twice, and must look at the id; and events can overtake each other.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .endpoints import Endpoints, valid_secrets
from .schedule import Answer, Verdict
from .store import Execute, Store

TABLES = (
    """CREATE TABLE IF NOT EXISTS events (
        id TEXT PRIMARY KEY, body {bytes} NOT NULL, created_at DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS deliveries (
        number {serial}, event TEXT NOT NULL, endpoint BIGINT NOT NULL, state TEXT NOT NULL DEFAULT 'pending',
        reason TEXT NOT NULL DEFAULT '', attempts INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0, due_at DOUBLE PRECISION NOT NULL,
        leased_until DOUBLE PRECISION NOT NULL DEFAULT 0)""",
    """CREATE TABLE IF NOT EXISTS attempts (
        delivery BIGINT NOT NULL, number INTEGER NOT NULL, begun_at DOUBLE PRECISION NOT NULL,
        ended_at DOUBLE PRECISION, status INTEGER, error TEXT, PRIMARY KEY (delivery, number))""",
    "CREATE INDEX IF NOT EXISTS deliveries_of_an_event ON deliveries (event)",
    "CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (endpoint, due_at) WHERE state = 'pending'",
    "CREATE INDEX IF NOT EXISTS deliveries_leased ON deliveries (endpoint) WHERE state = 'pending' AND leased_until > 0",
)

WAITING_LONGEST = """SELECT number, url, secrets FROM endpoints WHERE disabled IS NULL
    AND EXISTS (SELECT 1 FROM deliveries WHERE endpoint = endpoints.number AND state = 'pending' AND due_at <= %s)
    AND %s > (SELECT count(*) FROM deliveries
        WHERE endpoint = endpoints.number AND state = 'pending' AND leased_until > 0 AND leased_until > %s)
    ORDER BY (SELECT min(due_at) FROM deliveries WHERE endpoint = endpoints.number AND state = 'pending') LIMIT 1 """
UNDER_WAY = """SELECT count(*) FROM deliveries
    WHERE endpoint = %s AND state = 'pending' AND leased_until > 0 AND leased_until > %s"""
LEASE = """UPDATE deliveries SET attempts = attempts + 1, tries = tries + 1, due_at = %s, leased_until = %s
    WHERE state = 'pending' AND number IN (SELECT number FROM deliveries
        WHERE endpoint = %s AND state = 'pending' AND due_at <= %s ORDER BY due_at, number LIMIT %s)
    RETURNING number, event, attempts, tries, refusals"""
NEXT_DUE = """SELECT min((SELECT min(due_at) FROM deliveries WHERE endpoint = endpoints.number AND state = 'pending'))
    FROM endpoints WHERE disabled IS NULL"""
REPLAY = """UPDATE deliveries SET state = 'pending', reason = '', tries = 0, refusals = 0, due_at = %s
    WHERE number = %s AND leased_until <= %s RETURNING number"""
LOG = """SELECT endpoint, attempts.number, begun_at, ended_at, status, error
    FROM attempts JOIN deliveries ON deliveries.number = delivery
    WHERE event = %s ORDER BY begun_at, delivery, attempts.number"""
DELIVERIES = "SELECT number, event, endpoint, state, reason, attempts FROM deliveries WHERE "


@dataclass(frozen=True)
class Claimed:
    """A delivery that is ours until its lease ends, with all that an attempt needs."""

    number: int
    event: str
    attempt: int
    tries: int
    refusals: int
    body: bytes
    endpoint: int
    url: str
    secrets: tuple[str, ...]


@dataclass(frozen=True)
class Attempt:
    """A line of the delivery log; an attempt whose sender died has no end."""

    endpoint: int
    number: int
    begun_at: float
    ended_at: float | None
    status: int | None
    error: str | None


@dataclass(frozen=True)
class Delivery:
    """What has become of an event at an endpoint: `pending`, `delivered` or `dead`, and why."""

    number: int
    event: str
    endpoint: int
    state: str
    reason: str
    attempts: int


class Outbox:
    """Events and deliveries in a store.

    Args:
        store: The database of the business.
        lease_seconds: How long a claim lasts: longer than an attempt.
        per_endpoint: How many attempts may be under way at one endpoint, however many senders there are.
        clock: Tells the seconds since the epoch; senders that share a store should agree on them.
    """

    def __init__(
        self,
        store: Store,
        *,
        lease_seconds: float = 60.0,
        per_endpoint: int = 2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.lease_seconds, self.per_endpoint, self._clock = store, lease_seconds, per_endpoint, clock
        self.endpoints = Endpoints(store, clock)
        store.create(*TABLES)

    def publish(self, execute: Execute, kind: str, data: object) -> str:
        """Write an event in the caller's own transaction, for every endpoint that is not disabled; return its id."""
        now, event = self._clock(), f"msg_{uuid.uuid4().hex}"
        content = {"type": kind, "timestamp": datetime.fromtimestamp(now, UTC).isoformat(), "data": data}
        body = json.dumps(content, separators=(",", ":")).encode()  # these bytes are signed and sent in every attempt
        execute("INSERT INTO events (id, body, created_at) VALUES (%s, %s, %s)", event, body, now)
        fan_out = "INSERT INTO deliveries (event, endpoint, due_at) SELECT CAST(%s AS TEXT), number, %s FROM endpoints"
        execute(f"{fan_out} WHERE disabled IS NULL", event, now)
        return event

    def claim(self, most: int) -> list[Claimed]:
        """Claim what is due at one endpoint, the one that has waited longest; nothing if nothing is due.

        The endpoint's row is locked meanwhile, so that two senders do not count the same attempts under way.
        """
        now = self._clock()
        with self.store.transaction() as execute:
            waiting = execute(WAITING_LONGEST + self.store.skip_locked, now, self.per_endpoint, now)
            if not waiting:
                return []
            [(under_way,)] = execute(UNDER_WAY, waiting[0][0], now)  # again: it may have been locked a moment ago
            return self._lease(execute, waiting[0], min(most, self.per_endpoint - under_way), now)

    def _lease(self, execute: Execute, endpoint: tuple[Any, ...], most: int, now: float) -> list[Claimed]:
        number, url, kept = endpoint
        until = now + self.lease_seconds
        claimed = []
        for delivery, event, attempt, tries, refusals in sorted(
            execute(LEASE, until, until, number, now, max(0, most))
        ):
            execute("INSERT INTO attempts (delivery, number, begun_at) VALUES (%s, %s, %s)", delivery, attempt, now)
            [(body,)] = execute("SELECT body FROM events WHERE id = %s", event)
            secrets = valid_secrets(kept, now)
            counts = attempt, tries, refusals
            claimed.append(Claimed(delivery, event, *counts, bytes(body), number, url, secrets))
        return claimed

    def conclude(self, claimed: Claimed, answer: Answer, verdict: Verdict) -> None:
        """Note how an attempt ended. A sender that outlived its lease decides nothing more, unless the event was taken."""
        with self.store.transaction() as execute:
            if verdict.disables:
                disable = "UPDATE endpoints SET disabled = %s WHERE number = %s"
                execute(disable, verdict.reason, claimed.endpoint)
            execute(
                "UPDATE attempts SET ended_at = %s, status = %s, error = %s WHERE delivery = %s AND number = %s",
                *(self._clock(), answer.status, answer.error, claimed.number, claimed.attempt),
            )
            execute(
                """UPDATE deliveries SET state = %s, reason = %s, due_at = %s, refusals = refusals + %s, leased_until = 0
                WHERE number = %s AND (%s = 'delivered' OR state = 'pending' AND attempts = %s)""",
                *(verdict.state, verdict.reason, verdict.due_at, int(answer.refused)),
                *(claimed.number, verdict.state, claimed.attempt),
            )

    def replay(self, number: int) -> bool:
        """Make a delivery due again, by hand, with the same id; False if there is none, or it is under way."""
        with self.store.transaction() as execute:
            return bool(execute(REPLAY, self._clock(), number, self._clock()))

    def next_due(self) -> float | None:
        """Return when the next attempt is due, in seconds since the epoch; None if nothing waits."""
        with self.store.transaction() as execute:
            [(due_at,)] = execute(NEXT_DUE)
        return None if due_at is None else float(due_at)

    def deliveries(self, event: str) -> list[Delivery]:
        """Return what has become of an event at each endpoint."""
        with self.store.transaction() as execute:
            return [Delivery(*row) for row in execute(f"{DELIVERIES} event = %s ORDER BY number", event)]

    def dead_letters(self) -> list[Delivery]:
        """Return the deliveries that were given up, and wait for somebody to look at them."""
        with self.store.transaction() as execute:
            return [Delivery(*row) for row in execute(f"{DELIVERIES} state = 'dead' ORDER BY number")]

    def log(self, event: str) -> list[Attempt]:
        """Return all attempts to deliver an event, in their order."""
        with self.store.transaction() as execute:
            return [Attempt(*row) for row in execute(LOG, event)]

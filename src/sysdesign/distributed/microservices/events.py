"""Outbox and inbox: an event is written with what it tells of, in one transaction; and is acted on once, however often it comes.

Between the two are a crash's usual places: an event that was published and not marked is published again, one that was
handled and not acknowledged comes again. The inbox knows it then.
"""

from __future__ import annotations

import json
import threading
import uuid

from sysdesign.distributed.webhooks import Execute, Store

from . import tracing
from .broker import Broker, Event

TABLES = (
    """CREATE TABLE IF NOT EXISTS outbox (
        number {serial}, id TEXT NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, trace TEXT NOT NULL,
        published INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX IF NOT EXISTS outbox_unpublished ON outbox (number) WHERE published = 0",
    "CREATE TABLE IF NOT EXISTS inbox (id TEXT PRIMARY KEY)",
)
BATCH = 100


class Outbox:
    """The events of a service, in its own database.

    Args:
        store: The database.
        broker: Where the events go.
    """

    def __init__(self, store: Store, broker: Broker) -> None:
        self._store, self._broker = store, broker
        self._one_at_a_time = threading.Lock()
        self.written = threading.Event()
        """Set when there may be something to relay."""

    def add(self, execute: Execute, kind: str, data: dict[str, object]) -> None:
        """Write an event in the caller's own transaction."""
        insert = "INSERT INTO outbox (id, kind, data, trace) VALUES (%s, %s, %s, %s)"
        execute(insert, uuid.uuid4().hex, kind, json.dumps(data), json.dumps(tracing.carried()))

    def relay(self) -> int:
        """Publish what is committed and not yet published; return how many events. Raises RedisError or the store's failures.

        No transaction is open while the broker is spoken to: one that stalls must not lock the service's data.
        """
        with self._one_at_a_time:
            waiting = self._waiting()
            for event in waiting.values():
                self._broker.publish(event)
            if waiting:
                self.mark(list(waiting))
        return len(waiting)

    def mark(self, numbers: list[int]) -> None:
        """Note that events are published."""
        places = ", ".join(["%s"] * len(numbers))
        with self._store.transaction() as execute:
            execute(f"UPDATE outbox SET published = 1 WHERE number IN ({places})", *numbers)  # noqa: S608 - placeholders

    def _waiting(self) -> dict[int, Event]:
        query = "SELECT number, id, kind, data, trace FROM outbox WHERE published = 0 ORDER BY number LIMIT %s"
        with self._store.transaction() as execute:
            rows = execute(query, BATCH)
        return {
            number: Event(id_, kind, json.loads(data), json.loads(trace)) for number, id_, kind, data, trace in rows
        }


class Inbox:
    """The ids of the events that a service has acted on, in its own database."""

    def first(self, execute: Execute, event: Event) -> bool:
        """Note an event in the transaction of its effect; False if it was acted on before. A duplicate waits for the first."""
        return bool(execute("INSERT INTO inbox (id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id", event.id))

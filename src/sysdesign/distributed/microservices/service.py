"""What all three services are: a database of their own, steps of the saga that events set off, and an API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from sysdesign.distributed.webhooks import Execute, Store

from . import events, tracing
from .broker import Broker, Event

Told: TypeAlias = tuple[str, dict[str, object]]
"""An event's kind and data."""

Step: TypeAlias = Callable[[Execute, dict[str, Any]], Iterable[Told]]
"""Does what an event asks for, within a transaction, and returns what has happened thereby."""


class Service:
    """The part of a service that hears of events and tells of its own.

    The saga has no conductor. Each service does its step in one local transaction with the note that the event was handled
    and with the events that follow from it; so behind a crash at any point there is either all of a step or nothing.

    Args:
        store: Its database.
        broker: The queue.
        tables: What its database holds.
        steps: What it does, by the kind of event; all other events are none of its business.
    """

    def __init__(self, store: Store, broker: Broker, tables: Iterable[str], steps: Mapping[str, Step]) -> None:
        self.store, self.steps, self._broker = store, steps, broker
        self.outbox, self.inbox = events.Outbox(store, broker), events.Inbox()
        store.create(*events.TABLES, *tables)

    def begin(self, step: Step, data: dict[str, Any]) -> bool:
        """Do a step that somebody outside asks for; False if it told of nothing. Raises the store's failures."""
        with self.store.transaction() as execute:
            told = list(step(execute, data))
            self._tell(execute, told)
        self.outbox.written.set()
        return bool(told)

    def handle(self, event: Event) -> None:
        """Do the step that an event asks for, if it was not done before. Raises the store's failures: then nothing was done."""
        with tracing.handling(event.kind, event.trace), self.store.transaction() as execute:
            if self.inbox.first(execute, event):
                self._tell(execute, self.steps[event.kind](execute, event.data))

    def _tell(self, execute: Execute, told: Iterable[Told]) -> None:
        for kind, data in told:
            self.outbox.add(execute, kind, data)

    def work(self, wait_seconds: float = 0.0) -> int:
        """Handle what has come, and tell what followed; return how many events came or went.

        Acknowledged is what was committed, and not before. Raises RedisError or the store's failures: what was under way
        comes again.
        """
        received = self._broker.receive(wait_seconds)
        for event in received:
            if event.kind in self.steps:
                self.handle(event)
        self._broker.acknowledge(received)
        return len(received) + self.outbox.relay()

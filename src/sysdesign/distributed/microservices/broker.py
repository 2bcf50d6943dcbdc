"""The queue between the services: one Redis stream of all events, which each service reads as a group of its own.

An event that was read and not acknowledged within a lease, because its reader died, comes again to another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from redis import Redis, ResponseError

BATCH = 100


@dataclass(frozen=True)
class Event:
    """Something that has happened in a service.

    `trace` are the headers that name the span in which it did; `entry` is its place in the stream, once it was read.
    """

    id: str
    kind: str
    data: dict[str, Any]
    trace: dict[str, str] = field(default_factory=dict)
    entry: str = ""


def connect(url: str) -> Redis:
    """Return a client that decodes its answers, and whose reads may block for a while."""
    return Redis.from_url(url, decode_responses=True, socket_connect_timeout=2.0, socket_timeout=5.0)


class Broker:
    """The stream, as one reader of one service sees it.

    Args:
        redis: A client that decodes its answers.
        namespace: What the stream's name begins with.
        service: The group: of all readers of a service one gets each event.
        reader: The reader's own name.
        lease_seconds: How long a reader may take before another gets its events.
    """

    def __init__(
        self, redis: Redis, namespace: str, service: str, reader: str = "1", lease_seconds: float = 1.0
    ) -> None:
        self._redis, self._service, self._reader = redis, service, reader
        self.stream, self._lease_ms = f"{namespace}:events", round(lease_seconds * 1000)

    def publish(self, event: Event) -> None:
        """Append an event. Raises RedisError: then it may be there, or not."""
        fields = {"id": event.id, "kind": event.kind, "data": json.dumps(event.data), "trace": json.dumps(event.trace)}
        self._redis.xadd(self.stream, fields)  # type: ignore[arg-type, unused-ignore]

    def receive(self, wait_seconds: float = 0.0) -> list[Event]:
        """Return events that nobody has handled: those of the dead, else new ones, for which it waits. Raises RedisError."""
        try:
            return self._claimed() or self._new(wait_seconds)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
        self._join()  # the first time, or when Redis has lost what it had
        return self._new(wait_seconds)

    def acknowledge(self, events: list[Event]) -> None:
        """Say that events are handled. Raises RedisError: then they come again."""
        if events:
            self._redis.xack(self.stream, self._service, *(event.entry for event in events))

    def _join(self) -> None:
        try:
            self._redis.xgroup_create(self.stream, self._service, id="0", mkstream=True)
        except ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):  # another reader was faster
                raise

    def _claimed(self) -> list[Event]:
        found: Any = self._redis.xautoclaim(self.stream, self._service, self._reader, self._lease_ms, count=BATCH)
        return [_event(entry, fields) for entry, fields in found[1]]

    def _new(self, wait_seconds: float) -> list[Event]:
        block = round(wait_seconds * 1000) or None
        found: Any = self._redis.xreadgroup(self._service, self._reader, {self.stream: ">"}, count=BATCH, block=block)
        return [_event(entry, fields) for _, entries in found or [] for entry, fields in entries]


def _event(entry: str, fields: dict[str, str]) -> Event:
    return Event(fields["id"], fields["kind"], json.loads(fields["data"]), json.loads(fields["trace"]), entry)

"""The receiver's side: work first, then acknowledge; try again later what failed; lay aside what fails for ever."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .queue import Delivery, Message, Queue

TRIES, FIRST_SECONDS, FACTOR = 5, 1.0, 2.0


class Malformed(ValueError):  # noqa: N818 - what is wrong with the message
    """A message that does not say what it should: another try would find the same."""


class Backoff:
    """The delay before the next try: `first_seconds`, and `factor` times as long after each failure."""

    def __init__(self, first_seconds: float = FIRST_SECONDS, factor: float = FACTOR) -> None:
        self._first_seconds, self._factor = first_seconds, factor

    def __call__(self, attempt: int) -> float:
        """Return the seconds to wait after the failure of an attempt, the first of which is 1."""
        return self._first_seconds * self._factor ** (attempt - 1)


class Worker:
    """Takes messages of a group and hands each to a function.

    Args:
        queue: Where they come from.
        group: Whose share it is; workers of one group compete for it.
        handle: Does the work; raises Malformed where nobody ever could, any other exception where another try may help.
        tries: Deliveries after which a message is laid aside: those too during which a worker died, perhaps of the message.
        delay: Returns the seconds before the next try.
        batch: Messages taken at once.
    """

    def __init__(
        self,
        queue: Queue,
        group: str,
        handle: Callable[[Message], object],
        *,
        tries: int = TRIES,
        delay: Callable[[int], float] | None = None,
        batch: int = 10,
    ) -> None:
        self._queue, self._group, self._handle = queue, group, handle
        self._tries, self._delay, self._batch = tries, delay or Backoff(), batch

    def work(self, wait_seconds: float = 1.0) -> int:
        """Work on what is there, or comes within the time; return the number of deliveries. Raises Unavailable."""
        deliveries = self._queue.receive(self._group, self._batch, wait_seconds)
        for delivery in deliveries:
            self.work_on(delivery)
        return len(deliveries)

    def work_on(self, delivery: Delivery) -> None:
        """Work on one message, and tell the queue what became of it. Raises Unavailable."""
        if delivery.attempt > self._tries:  # it has ended each worker that touched it
            self._queue.bury(self._group, delivery, f"delivered {self._tries} times, and never done")
            return
        try:
            self._handle(delivery.message)
        except Malformed as wrong:
            self._queue.bury(self._group, delivery, str(wrong))
        except Exception as error:  # noqa: BLE001 - whatever the work may raise
            self._failed(delivery, error)
        else:
            self._queue.acknowledge(self._group, [delivery])

    def _failed(self, delivery: Delivery, error: Exception) -> None:
        if delivery.attempt < self._tries:
            self._queue.retry(self._group, delivery, self._delay(delivery.attempt))
        else:
            self._queue.bury(self._group, delivery, f"failed {self._tries} times: {error!r}")


def parsed(message: Message, schema: Mapping[str, Any]) -> Any:
    """Return a message's body as JSON that fits the schema. Raises Malformed."""
    from jsonschema import ValidationError, validate

    try:
        document = json.loads(message.body)
        validate(document, schema)
    except ValidationError as wrong:
        raise Malformed(f"does not fit its schema: {wrong.message}") from wrong
    except ValueError as wrong:
        raise Malformed(f"is not JSON: {wrong}") from wrong
    return document

"""The sender's side: a message is kept until the broker has confirmed it, and sent again until then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from .queue import Full, Message, Unconfirmed

PATIENCE_SECONDS, PAUSE_SECONDS, BATCH = 60.0, 0.02, 100


class Sink(Protocol):
    """Whatever takes messages: a queue, or several by key."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Take messages. Raises Unconfirmed, Full."""


class Producer:
    """Sends in batches until everything is confirmed: at least once, and slower while the queue is full.

    Args:
        sink: Where messages go.
        batch: Messages sent before their confirms are waited for.
        patience_seconds: How long one batch may take in all, broker's restarts included.
        pause_seconds: Between two tries.
        clock, sleep: Tell and pass seconds.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        batch: int = BATCH,
        patience_seconds: float = PATIENCE_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._sink, self._batch = sink, batch
        self._patience_seconds, self._pause_seconds = patience_seconds, pause_seconds
        self._clock, self._sleep = clock, sleep
        self.confirmed: list[Message] = []
        """What the broker has, in the order of its confirms: batches that failed on the way may have been sent twice."""

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages; return when all are confirmed. Raises what came last, when patience is over."""
        for begin in range(0, len(messages), self._batch):
            batch = messages[begin : begin + self._batch]
            self._send(batch)
            self.confirmed += batch

    def _send(self, left: Sequence[Message]) -> None:
        deadline = self._clock() + self._patience_seconds
        while left:
            try:
                self._sink.publish(left)
            except (Unconfirmed, Full) as error:
                left = error.messages
                if self._clock() > deadline:
                    raise
                self._sleep(self._pause_seconds)
            else:
                return

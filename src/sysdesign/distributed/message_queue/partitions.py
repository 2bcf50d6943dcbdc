"""Order: a queue that several consumers share keeps none, so messages with one key go to one part, and a part to one consumer."""

from __future__ import annotations

from collections.abc import Sequence

from xxhash import xxh64_intdigest

from .queue import Full, Message, Queue, Unconfirmed


class Partitions:
    """Several queues, of which each takes the messages of its share of the keys.

    Args:
        queues: Their number decides where a key goes: while it changes, the order of a key is not kept.
    """

    def __init__(self, queues: Sequence[Queue]) -> None:
        self._queues = list(queues)

    def part_of(self, key: str) -> int:
        """Return the number of the queue that takes a key: the same in every process."""
        return xxh64_intdigest(key.encode()) % len(self._queues)

    def publish(self, messages: Sequence[Message]) -> None:
        """Send messages, each to its queue. Raises Unconfirmed with those that any of the queues has not confirmed; TooLarge."""
        left: list[Message] = []
        why: Exception | None = None
        for number, queue in enumerate(self._queues):
            try:
                if mine := [message for message in messages if self.part_of(message.key) == number]:
                    queue.publish(mine)
            except (Unconfirmed, Full) as error:
                left, why = left + error.messages, error
        if why:
            raise Unconfirmed(left, why) from why

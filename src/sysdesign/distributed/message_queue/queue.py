"""What a queue is, whichever broker keeps it: messages go in once, and out to each group of consumers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

LIMIT_BYTES = 1 << 20


class Unavailable(Exception):  # noqa: N818 - a state of the broker, not an error of the program
    """The broker cannot be reached, or the connection broke: what was not acknowledged will come again."""


class Unconfirmed(Unavailable):
    """The broker did not confirm these messages: it may have them or not, so they have to be sent again."""

    def __init__(self, messages: Sequence[Message], why: object) -> None:
        super().__init__(f"{len(messages)} messages are not confirmed: {why}")
        self.messages = list(messages)


class Full(Exception):  # noqa: N818 - a state of the queue, which passes
    """The queue holds as many messages as it may: these were refused, and all others are confirmed."""

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__(f"the queue is full: {len(messages)} messages were refused")
        self.messages = list(messages)


class TooLarge(ValueError):  # noqa: N818 - what is wrong with the message
    """A message over the limit: nothing of its batch was sent. Large things go to a blob store, their name into the queue."""


@dataclass(frozen=True)
class Message:
    """One message.

    Args:
        id: The same whenever the message is sent or delivered again; consumers know duplicates by it.
        key: What it is about; messages with one key have an order among themselves.
        body: At most as many bytes as the queue allows.
    """

    id: str
    key: str
    body: bytes


@dataclass(frozen=True)
class Delivery:
    """A message in a consumer's hands; it stays the queue's until it is acknowledged.

    Args:
        message: What was sent.
        attempt: 1 at the first delivery, one more at each that follows.
        receipt: What the broker knows this delivery by.
    """

    message: Message
    attempt: int
    receipt: Any

    @property
    def redelivered(self) -> bool:
        """Whether somebody had it before: perhaps the work is done already."""
        return self.attempt > 1


@dataclass(frozen=True)
class DeadLetter:
    """A message that nobody could work on, and why."""

    message: Message
    why: str


class Queue(Protocol):
    """A durable queue. An object belongs to one thread and stands for one consumer; it connects anew after each fault."""

    def subscribe(self, group: str) -> None:
        """Let a group have each message from now on; what is there already stays. Raises Unavailable."""

    def publish(self, messages: Sequence[Message]) -> None:
        """Send messages; return when the broker has them on its disk. Raises Unconfirmed, Full, TooLarge."""

    def receive(self, group: str, count: int, wait_seconds: float) -> list[Delivery]:
        """Return up to `count` messages for this consumer, after at most `wait_seconds`. Raises Unavailable."""

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """Forget messages for this group: their work is done. Raises Unavailable."""

    def retry(self, group: str, delivery: Delivery, delay_seconds: float) -> None:
        """Give a message back, to be delivered again after the delay. Raises Unavailable."""

    def bury(self, group: str, delivery: Delivery, why: str) -> None:
        """Lay a message aside as a dead letter, out of the way of the others. Raises Unavailable."""

    def lag(self, group: str) -> int:
        """Return how many messages of the group nobody has in hands yet. Raises Unavailable."""

    def dead_letters(self, group: str) -> list[DeadLetter]:
        """Return the group's dead letters, oldest first; they stay. Raises Unavailable."""

    def delete(self) -> None:
        """Remove the queue with all that is in it. Raises Unavailable."""

    def close(self) -> None:
        """End the connections; what was not acknowledged goes to others."""


def checked(messages: Iterable[Message], limit_bytes: int) -> list[Message]:
    """Return the messages. Raises TooLarge before any of them is sent."""
    found = list(messages)
    for message in found:
        if len(message.body) > limit_bytes:
            raise TooLarge(f"message {message.id} has {len(message.body)} bytes; {limit_bytes} are allowed")
    return found

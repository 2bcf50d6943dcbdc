"""A queue on RabbitMQ: an exchange that copies each message into one quorum queue a group.

The broker pushes messages to a consumer, as many as its prefetch allows, and gives those of a consumer whose connection
ends to others at once, counting how often. A delay is a second queue, in which messages grow old and fall back into the first.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pika
from pika.exceptions import AMQPError

from .confirms import Parcel, Publisher
from .queue import LIMIT_BYTES, DeadLetter, Delivery, Message, Unavailable, checked

ATTEMPTS, COUNT, WHY = "attempts", "x-delivery-count", "why"
SECONDS = 10.0
KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}
"""Heartbeats would end the connection of a consumer that works for long; the kernel asks for it whether the other side is there."""

# What has grown old is removed only when the group's queue has confirmed it.
DELAYED = {"x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish"}

logging.getLogger("pika").setLevel(logging.CRITICAL)  # it tells each fault in up to six lines; ours are raised


class RabbitQueue:
    """See `Queue`.

    Args:
        url: `amqp://user:password@host:port/vhost`.
        name: The exchange, and the beginning of the queues' names.
        prefetch: Messages that the broker gives to one consumer before it has acknowledged any.
        longest: Messages that a group's queue may hold; what comes then is refused. The broker counts a little behind.
        limit_bytes: The longest body.
        clock: Tells seconds.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        prefetch: int = 100,
        longest: int | None = None,
        limit_bytes: int = LIMIT_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._prefetch, self._longest, self._limit_bytes, self._clock = prefetch, longest, limit_bytes, clock
        self._parameters = pika.URLParameters(url)
        self._parameters.heartbeat = 0
        self._parameters.tcp_options = KEEPALIVE
        self._parameters.socket_timeout = self._parameters.stack_timeout = SECONDS / 2
        self._publisher = Publisher(self._parameters)
        self._connection: Any = None
        self._channel: Any = None
        self._arrived: dict[str, deque[Delivery]] = {}
        self._declared: dict[str, None] = {}

    def subscribe(self, group: str) -> None:
        """Make the group's queue and that of its dead letters. Raises Unavailable."""
        bound = {} if self._longest is None else {"x-max-length": self._longest, "x-overflow": "reject-publish"}
        with self._channel_now() as channel:
            channel.exchange_declare(self.name, "fanout", durable=True)
            self._declare(channel, self._of(group), {"x-queue-type": "quorum", **bound})
            self._declare(channel, self._of(group, "dead"), {"x-queue-type": "quorum"})
            channel.queue_bind(self._of(group), self.name)

    def publish(self, messages: Sequence[Message]) -> None:
        """Send messages and wait for the confirms. Raises Unconfirmed, Full, TooLarge."""
        found = checked(messages, self._limit_bytes)
        self._publisher.publish([Parcel(message, self.name, "") for message in found])

    def receive(self, group: str, count: int, wait_seconds: float) -> list[Delivery]:
        """Return what the broker has pushed. Raises Unavailable."""
        deadline = self._clock() + wait_seconds
        with self._channel_now() as channel:
            if group not in self._arrived:
                self._arrived[group] = deque()
                channel.basic_qos(prefetch_count=self._prefetch)
                channel.basic_consume(self._of(group), lambda *pushed: self._take(group, *pushed))
            arrived = self._arrived[group]
            self._connection.process_data_events(0)
            while not arrived and (left := deadline - self._clock()) > 0:
                self._connection.process_data_events(left)
        return [arrived.popleft() for _ in range(min(count, len(arrived)))]

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that the work is done. Raises Unavailable: then it comes again."""
        del group
        with self._channel_now() as channel:
            for delivery in deliveries:
                if delivery.receipt[0] is not channel:
                    raise Unavailable("the message came by a connection that has ended; it was given to others")
                channel.basic_ack(delivery.receipt[1])

    def retry(self, group: str, delivery: Delivery, delay_seconds: float) -> None:
        """Put a copy where it grows old, then let go of the original: one may come twice, none is lost. Raises Unavailable.

        Each delay has a queue of its own: only the first message of a queue grows old, and a long delay would hold up short ones.
        """
        milliseconds = round(1_000 * delay_seconds)
        queue = self._of(group, f"after {milliseconds} ms")
        back = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": self._of(group)}
        with self._channel_now() as channel:
            self._declare(channel, queue, {"x-message-ttl": milliseconds, **DELAYED, **back})
        self._publisher.publish([Parcel(delivery.message, "", queue, {ATTEMPTS: delivery.attempt})])
        self.acknowledge(group, [delivery])

    def bury(self, group: str, delivery: Delivery, why: str) -> None:
        """Put a copy among the dead letters, then let go of the original. Raises Unavailable."""
        self._publisher.publish([Parcel(delivery.message, "", self._of(group, "dead"), {WHY: why})])
        self.acknowledge(group, [delivery])

    def lag(self, group: str) -> int:
        """Ask how many messages wait in the queue. Raises Unavailable."""
        with self._channel_now() as channel:
            return int(channel.queue_declare(self._of(group), passive=True).method.message_count)

    def dead_letters(self, group: str) -> list[DeadLetter]:
        """Look at the dead letters through a channel of its own, whose end puts them back. Raises Unavailable."""
        found = []
        with self._channel_now():
            reader = self._connection.channel()
            while (got := reader.basic_get(self._of(group, "dead")))[0]:
                _, properties, body = got
                found.append(DeadLetter(_message(properties, body), str(properties.headers[WHY])))
            reader.close()
        return found

    def delete(self) -> None:
        """Remove the exchange and the queues that this object has declared. Raises Unavailable."""
        with self._channel_now() as channel:
            for queue in self._declared:
                channel.queue_delete(queue)
            channel.exchange_delete(self.name)

    def close(self) -> None:
        """End both connections."""
        self._publisher.close()
        self._forget()

    def _of(self, group: str, what: str = "") -> str:
        return " ".join(filter(None, (f"{self.name}.{group}", what)))

    def _declare(self, channel: Any, queue: str, arguments: dict[str, Any]) -> None:
        if queue not in self._declared:
            channel.queue_declare(queue, durable=True, arguments=arguments)
            self._declared[queue] = None

    def _take(self, group: str, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        attempt = 1 + properties.headers.get(ATTEMPTS, 0) + properties.headers.get(COUNT, 0)
        receipt = channel, method.delivery_tag
        self._arrived[group].append(Delivery(_message(properties, body), attempt, receipt))

    @contextmanager
    def _channel_now(self) -> Iterator[Any]:
        """Give an open channel; whatever breaks it is Unavailable, and the next use connects anew."""
        try:
            if self._channel is None:
                self._connection = pika.BlockingConnection(self._parameters)
                self._channel = self._connection.channel()
            yield self._channel
        except (AMQPError, OSError) as error:
            self._forget()
            raise Unavailable(repr(error)) from error

    def _forget(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        self._arrived.clear()
        if connection is not None:
            with suppress(AMQPError, OSError):
                connection.close()


def _message(properties: Any, body: bytes) -> Message:
    return Message(properties.message_id, str(properties.headers["key"]), body)

"""Publisher confirms of RabbitMQ, many under way at once: a round trip and a write to disk are paid for once a batch.

pika's blocking channel waits for each confirm before the next message. Its other connection does not, and its loop is
run here only while somebody waits for an answer: no thread, and no callbacks for whoever calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pika
from pika.exceptions import AMQPError

from .queue import Full, Message, Unconfirmed

SECONDS = 10.0


@dataclass(frozen=True)
class Parcel:
    """A message with the place that it goes to, and headers of ours."""

    message: Message
    exchange: str
    routing_key: str
    headers: dict[str, Any] = field(default_factory=dict)


class Connection(pika.SelectConnection):  # type: ignore[misc, unused-ignore]  # it has types only in its newer versions
    """A connection that can give many frames to the kernel in one piece: three packets a message cost the broker more than the message."""

    _held: list[bytes] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold back what is sent in the block until its end."""
        held: list[bytes] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
            self._adapter_emit_data(b"".join(held))

    def _adapter_emit_data(self, data: bytes) -> None:
        """Take frames from pika, of which each adapter defines what becomes of them."""
        if self._held is None:
            super()._adapter_emit_data(data)
        else:
            self._held.append(data)


class Publisher:
    """Sends batches and waits until the broker has confirmed each message.

    Args:
        parameters: pika's parameters; heartbeats are off, for nobody would send them between two batches, and `stack_timeout` is
            less than `seconds`.
        seconds: How long to wait for a connection, and for the confirms of a batch.
    """

    def __init__(self, parameters: pika.ConnectionParameters, seconds: float = SECONDS) -> None:
        self._parameters, self._seconds = parameters, seconds
        self._connection: Any = None
        self._channel: Any = None
        self._broken: object = "never connected"
        self._under_way: dict[int, Message] = {}
        self._refused: list[Message] = []
        self._last = 0

    def publish(self, parcels: Sequence[Parcel]) -> None:
        """Send all; return when all are confirmed. Raises Unconfirmed, or Full with those that the broker refused."""
        if self._broken:
            self._connect()
        if self._broken:
            raise Unconfirmed([parcel.message for parcel in parcels], self._broken)
        self._refused = []
        for parcel in parcels:
            self._last += 1
            self._under_way[self._last] = parcel.message
        with self._connection.together():
            for parcel in parcels:
                self._send(parcel)
        self._run_until(lambda: not self._under_way)
        if self._under_way:
            unsure = list(self._under_way.values())
            self.close()
            raise Unconfirmed(unsure, self._broken)
        if self._refused:
            raise Full(self._refused)

    def close(self) -> None:
        """End the connection; one that is broken, or does not answer, is not asked first."""
        if self._connection is None:
            return
        loop = self._connection.ioloop
        if self._connection.is_open and self._broken:
            self._connection._terminate_stream(AMQPError())  # noqa: SLF001 - pika's own way is to ask and wait
        elif self._connection.is_open:
            self._connection.close()
        # One that is still opening is ended by pika's own clock.
        self._run_until(lambda: self._connection.is_closed, though_lost=True)
        loop.call_later(0, loop.stop)  # pika closes the socket in the next round of its loop
        loop.start()
        loop.close()
        self._connection, self._broken = None, self._broken or "closed"
        self._under_way.clear()

    def _connect(self) -> None:
        self.close()
        self._broken, self._last = "", 0
        ready: list[bool] = []

        def is_ready(_: Any) -> None:
            ready.append(True)
            self._stop()

        def confirm(channel: Any) -> None:
            self._channel = channel
            channel.add_on_close_callback(lambda _, why: self._lose(why))
            channel.add_on_return_callback(lambda _, method, *__: self._lose(f"no queue takes it: {method.reply_text}"))
            channel.confirm_delivery(self._confirmed, callback=is_ready)

        self._connection = Connection(
            self._parameters,
            on_open_callback=lambda connection: connection.channel(on_open_callback=confirm),
            on_open_error_callback=lambda _, why: self._lose(why),
            on_close_callback=lambda _, why: self._lose(why),
        )
        self._run_until(lambda: ready)
        if not ready:
            self._broken = self._broken or "no answer"

    def _send(self, parcel: Parcel) -> None:
        properties = pika.BasicProperties(
            delivery_mode=2, message_id=parcel.message.id, headers={**parcel.headers, "key": parcel.message.key}
        )
        self._channel.basic_publish(
            parcel.exchange, parcel.routing_key, parcel.message.body, properties, mandatory=True
        )

    def _confirmed(self, frame: Any) -> None:
        method = frame.method
        upto = method.delivery_tag
        tags = [tag for tag in self._under_way if tag <= upto] if method.multiple else [upto]
        messages = [self._under_way.pop(tag) for tag in tags if tag in self._under_way]
        if isinstance(method, pika.spec.Basic.Nack):
            self._refused += messages
        if not self._under_way:
            self._stop()

    def _lose(self, why: object) -> None:
        self._broken = self._broken or why or "closed"
        self._stop()

    def _stop(self) -> None:
        self._connection.ioloop.stop()

    def _run_until(self, done: Any, *, though_lost: bool = False) -> None:
        """Run the connection's loop until something is so, the connection is lost (unless that is no matter), or the time is over."""
        late: list[bool] = []
        loop = self._connection.ioloop

        def give_up() -> None:
            late.append(True)
            self._stop()

        timer = loop.call_later(self._seconds, give_up)
        while not (done() or late or (self._broken and not though_lost)):
            loop.start()
        loop.remove_timeout(timer)
        if late:
            self._broken = f"no answer within {self._seconds} s"

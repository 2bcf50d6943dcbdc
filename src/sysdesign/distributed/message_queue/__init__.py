"""A message queue: senders and receivers need not be there at the same time, nor be equally fast.

`queue` says what a queue promises; `rabbitmq` (with `confirms`) and `redis_streams` keep it on two brokers. `producer` sends until
all is confirmed, `worker` acknowledges after its work, tries again and lays aside, `inbox` turns at least once into effectively once,
`partitions` keeps the order of each key.
"""

from .confirms import Publisher
from .inbox import Inbox
from .partitions import Partitions
from .producer import Producer
from .queue import DeadLetter, Delivery, Full, Message, Queue, TooLarge, Unavailable, Unconfirmed
from .rabbitmq import RabbitQueue
from .redis_streams import RedisQueue
from .worker import Backoff, Malformed, Worker, parsed

__all__ = [
    "Backoff",
    "DeadLetter",
    "Delivery",
    "Full",
    "Inbox",
    "Malformed",
    "Message",
    "Partitions",
    "Producer",
    "Publisher",
    "Queue",
    "RabbitQueue",
    "RedisQueue",
    "TooLarge",
    "Unavailable",
    "Unconfirmed",
    "Worker",
    "parsed",
]

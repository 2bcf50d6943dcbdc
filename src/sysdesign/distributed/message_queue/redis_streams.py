"""A queue on Redis Streams: one stream for all, in which each group remembers how far it is and who has what in hands.

Consumers ask for messages. What a consumer has had in hands for longer than a lease is taken to be left by a dead one, and
whoever asks next gets it: a delay before another try is a lease that is made to end sooner.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NoAnswer
from redis.retry import Retry

from .queue import LIMIT_BYTES, DeadLetter, Delivery, Full, Message, Unavailable, Unconfirmed, checked

SECONDS = 10.0
LOOKS_PER_LEASE = 10

PUBLISH = """
-- Add as many messages as the slowest group leaves room for, and remove what all groups have done. Returns how many.
local stream, longest = KEYS[1], tonumber(ARGV[1])
local given = (#ARGV - 1) / 3
local function parts(id) local ms, n = string.match(id, '(%d+)-(%d+)'); return tonumber(ms), tonumber(n) end
local function earlier(a, b) local x, i = parts(a); local y, j = parts(b); return x < y or (x == y and i < j) end
local most, oldest = 0, nil
local groups = redis.call('XINFO', 'GROUPS', stream)
if #groups == 0 then return redis.error_reply('no group has subscribed') end
for _, flat in ipairs(groups) do
    local group = {}
    for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
    local first = group['last-delivered-id']
    if group['pending'] > 0 then first = redis.call('XPENDING', stream, group['name'])[2] end
    if oldest == nil or earlier(first, oldest) then oldest = first end
    most = math.max(most, group['pending'] + (group['lag'] or redis.call('XLEN', stream)))
end
redis.call('XTRIM', stream, 'MINID', oldest)
local fit = given
if longest > 0 then fit = math.max(0, math.min(given, longest - most)) end
for i = 0, fit - 1 do
    redis.call('XADD', stream, '*', 'id', ARGV[2 + 3 * i], 'key', ARGV[3 + 3 * i], 'body', ARGV[4 + 3 * i])
end
return fit
"""


class RedisQueue:
    """See `Queue`.

    Args:
        url: `redis://host:port/database`. Confirmed means on disk only with `appendonly yes` and `appendfsync always`.
        name: The stream, and the beginning of its dead letters' names.
        lease_seconds: How long a consumer may have a message in hands before it is taken to be dead: longer than any work.
        longest: Messages that the slowest group may have to do yet; what comes then is refused.
        limit_bytes: The longest body.
        consumer: The consumer's name, unique among those of its group.
        clock: Tells seconds.
    """

    def __init__(
        self,
        url: str,
        name: str,
        *,
        lease_seconds: float = 30.0,
        longest: int | None = None,
        limit_bytes: int = LIMIT_BYTES,
        consumer: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._lease_ms, self._longest, self._limit_bytes = round(1_000 * lease_seconds), longest, limit_bytes
        self._consumer, self._clock = consumer or uuid.uuid4().hex, clock
        once = Retry(NoBackoff(), 0)
        self._redis: Any = Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=once)
        self._publish = self._redis.register_script(PUBLISH)

    def subscribe(self, group: str) -> None:
        """Make the group, and the stream with the first of them. Raises Unavailable."""
        with _reached():
            try:
                self._redis.xgroup_create(self.name, group, id="$", mkstream=True)
            except ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def publish(self, messages: Sequence[Message]) -> None:
        """Send messages in one step of the server. Raises Unconfirmed, Full, TooLarge."""
        found = checked(messages, self._limit_bytes)
        fields = [value for message in found for value in (message.id, message.key, message.body)]
        try:
            fit = self._publish(keys=[self.name], args=[self._longest or 0, *fields])
        except (NoConnection, NoAnswer, ResponseError) as error:
            raise Unconfirmed(found, repr(error)) from error
        if fit < len(found):
            raise Full(found[fit:])

    def receive(self, group: str, count: int, wait_seconds: float) -> list[Delivery]:
        """Return what is new, or what the dead have left: the latter first, and looked for again while waiting. Raises Unavailable."""
        deadline = self._clock() + wait_seconds
        with _reached():
            while True:
                if found := self._claim(group, count) or self._read(group, count, deadline - self._clock()):
                    return found
                if self._clock() >= deadline:
                    return []

    def _read(self, group: str, count: int, left_seconds: float) -> list[Delivery]:
        wait_ms = min(round(1_000 * left_seconds), self._lease_ms // LOOKS_PER_LEASE)
        block = wait_ms if wait_ms > 0 else None  # zero would be for ever
        read = self._redis.xreadgroup(group, self._consumer, {self.name: ">"}, count, block)
        return [Delivery(_message(fields), 1, entry) for _, entries in read or () for entry, fields in entries]

    def _claim(self, group: str, count: int) -> list[Delivery]:
        _, entries, *_ = self._redis.xautoclaim(self.name, group, self._consumer, self._lease_ms, count=count)
        if not entries:
            return []
        pending = self._redis.xpending_range(self.name, group, entries[0][0], entries[-1][0], count, self._consumer)
        attempts = {one["message_id"]: one["times_delivered"] for one in pending}
        return [Delivery(_message(fields), attempts[entry], entry) for entry, fields in entries]

    def acknowledge(self, group: str, deliveries: Sequence[Delivery]) -> None:
        """Take messages out of the group's list of what is in hands. Raises Unavailable."""
        if deliveries:
            with _reached():
                self._redis.xack(self.name, group, *(delivery.receipt for delivery in deliveries))

    def retry(self, group: str, delivery: Delivery, delay_seconds: float) -> None:
        """Let the lease end after the delay, which is at most a lease. Raises Unavailable."""
        idle_ms = max(0, self._lease_ms - round(1_000 * delay_seconds))
        with _reached():
            self._redis.xclaim(self.name, group, self._consumer, 0, [delivery.receipt], idle=idle_ms, justid=True)

    def bury(self, group: str, delivery: Delivery, why: str) -> None:
        """Move a message among the dead letters, in one step. Raises Unavailable."""
        message = delivery.message
        with _reached(), self._redis.pipeline(transaction=True) as both:
            both.xadd(self._dead(group), {"id": message.id, "key": message.key, "body": message.body, "why": why})
            both.xack(self.name, group, delivery.receipt)
            both.execute()

    def lag(self, group: str) -> int:
        """Ask how far the group is behind. Raises Unavailable."""
        with _reached():
            return next(int(one["lag"]) for one in self._redis.xinfo_groups(self.name) if one["name"] == group.encode())

    def dead_letters(self, group: str) -> list[DeadLetter]:
        """Read the group's dead letters. Raises Unavailable."""
        with _reached():
            entries = self._redis.xrange(self._dead(group))
        return [DeadLetter(_message(fields), fields[b"why"].decode()) for _, fields in entries]

    def delete(self) -> None:
        """Remove the stream and its groups' dead letters. Raises Unavailable."""
        with _reached():
            groups = [one["name"].decode() for one in self._redis.xinfo_groups(self.name)]
            self._redis.delete(self.name, *map(self._dead, groups))

    def close(self) -> None:
        """End the connection. What is in hands comes to others when its lease ends."""
        self._redis.close()

    def _dead(self, group: str) -> str:
        return f"{self.name}:{group}:dead"


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except (NoConnection, NoAnswer, ResponseError) as error:
        raise Unavailable(repr(error)) from error


def _message(fields: dict[bytes, bytes]) -> Message:
    return Message(fields[b"id"].decode(), fields[b"key"].decode(), fields[b"body"])

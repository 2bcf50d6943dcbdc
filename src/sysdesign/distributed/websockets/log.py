"""The rooms' messages in Redis: numbered without a gap, kept for those who come later, and read by every node.

A room is a stream whose ids are 0-1, 0-2, …: Redis gives the next one in the step that adds the message, whichever node asks. So a
number says how many came before, the number last seen is all that a client has to remember, and a gap cannot go unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from redis.asyncio import Redis

SAY = """
local known = redis.call('GET', KEYS[2])
if known then return tonumber(known) end
local time = redis.call('TIME')
local at = time[1] * 1000 + math.floor(time[2] / 1000)
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], '0-*', 'user', ARGV[3], 'text', ARGV[4], 'at', at)
local number = tonumber(string.sub(id, 3))
redis.call('SET', KEYS[2], number, 'EX', ARGV[2])
return number
"""
"""Adds a message unless its sender has sent it before; the time is Redis's own, so that nodes need not agree on theirs."""

SIGNALS_KEPT = 100


@dataclass(frozen=True)
class Said:
    """A message of a room: its number there, who said what, and when [ms since the epoch]."""

    number: int
    user: str
    text: str
    at: int


@dataclass(frozen=True)
class Draft:
    """A message on its way into a room; `key` is its sender's own name for it, the same at each attempt."""

    room: str
    key: str
    text: str


class Log:
    """Rooms and what was said in them.

    Args:
        redis: The client for questions that are answered at once; it returns text.
        prefix: What all keys begin with.
        kept: Messages kept of a room; older ones are gone.
        remembered_seconds: How long a message that comes again is known to have come before.
    """

    def __init__(
        self, redis: Redis, prefix: str = "chat:", kept: int = 10_000, remembered_seconds: int = 86_400
    ) -> None:
        self._redis, self._prefix, self._kept, self._remembered_seconds = redis, prefix, kept, remembered_seconds
        self._say = redis.register_script(SAY)

    def stream(self, room: str) -> str:
        """Return the key of a room's messages; keys of one room stay together in a cluster ({…})."""
        return f"{self._prefix}{{{room}}}:said"

    def signals(self, room: str) -> str:
        """Return the key of what is of no interest a moment later: who types, that somebody came."""
        return f"{self._prefix}{{{room}}}:signals"

    async def create(self, *rooms: str) -> None:
        """Let there be rooms of these names."""
        await self._redis.sadd(f"{self._prefix}rooms", *rooms)

    async def exists(self, room: str) -> bool:
        """Tell whether there is a room of this name."""
        return bool(await self._redis.sismember(f"{self._prefix}rooms", room))

    async def say(self, user: str, drafts: Sequence[Draft]) -> list[int]:
        """Add messages in one round trip; return their numbers. One that came before keeps the number that it got then."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for draft in drafts:
                sent = f"{self._prefix}{{{draft.room}}}:sent:{user}:{draft.key}"
                values: list[Any] = [self._kept, self._remembered_seconds, user, draft.text]
                await self._say(keys=[self.stream(draft.room), sent], args=values, client=pipeline)
            return list(await pipeline.execute())

    async def signal(self, room: str, **fields: Any) -> None:
        """Tell all nodes of something that is not kept."""
        await self._redis.xadd(
            self.signals(room), cast("dict[Any, Any]", fields), maxlen=SIGNALS_KEPT, approximate=True
        )

    async def position(self, room: str) -> tuple[int, str]:
        """Return the number of the last message, and the id of the last signal."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for key in (self.stream(room), self.signals(room)):
                pipeline.xrevrange(key, count=1)
            said, signals = await pipeline.execute()
        return (number_of(said[0][0]) if said else 0), (signals[0][0] if signals else "0-0")

    async def between(self, room: str, after: int, last: int, count: int) -> list[Said]:
        """Return the next messages behind `after`, up to `last`, as far as they are kept."""
        entries: Any = await self._redis.xrange(self.stream(room), f"0-{after + 1}", f"0-{last}", count)
        return [said(*entry) for entry in entries]

    async def unblock(self, client: int) -> None:
        """Let a client that waits for messages look up."""
        await self._redis.client_unblock(client)


def number_of(entry_id: str) -> int:
    """Return the number in a stream's id."""
    return int(entry_id.partition("-")[2])


def said(entry_id: str, fields: dict[str, Any]) -> Said:
    """Return a stream's entry as a message."""
    return Said(number_of(entry_id), fields["user"], fields["text"], int(fields["at"]))

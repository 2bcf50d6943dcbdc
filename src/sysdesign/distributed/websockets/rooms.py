"""The rooms of one node: who is in them here, and how what is said anywhere comes to them."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from .connection import Connection, text_frame
from .log import Log, Said, said

BLOCK_MILLISECONDS = 1_000
AT_ONCE = 1_000  # entries of a room that one read takes
RECENT = 256
PAGE = 50
ENOUGH_BYTES = 64 * 1024
"""What may wait for a client that is sent the history, before it is sent more of it."""
RETRY_SECONDS = 0.05


def to_frame(**message: Any) -> bytes:
    """Return a message as a frame of JSON."""
    return text_frame(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


def frame_of(room: str, message: Said) -> bytes:
    """Return what was said as a frame."""
    return to_frame(
        type="message", room=room, number=message.number, user=message.user, text=message.text, at=message.at
    )


def gap(room: str, after: int, before: int) -> bytes:
    """Return the frame that tells of messages which are not kept any more."""
    return to_frame(type="gap", room=room, after=after, before=before)


class Room:
    """One room as this node sees it. All of its members here have been sent the messages up to `last`, or will be with `pending`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.members: dict[Connection, str] = {}
        self.entering = 0
        self.last, self.signal = 0, "0-0"
        self.followed = False
        """Whether it is known where the reader is to begin."""
        self.awaited = False
        """Whether the reader waits for this room too."""
        self.opened: asyncio.Future[None] | None = None
        self.recent: deque[tuple[int, bytes]] = deque(maxlen=RECENT)
        self.pending: list[bytes] = []

    @property
    def in_use(self) -> bool:
        """Whether anybody here is in it, or about to be."""
        return bool(self.members or self.entering)

    def flush(self) -> None:
        """Send what is pending: one write a member, however many messages there are."""
        if not self.pending:
            return  # sent already, with somebody's coming
        data = b"".join(self.pending)
        self.pending.clear()
        for member in list(self.members):
            member.send(data)


class Rooms:
    """All rooms of this node that somebody is in, and the one reader that follows them.

    Args:
        log: Where messages are kept.
        reader: A client of Redis for the reader alone, on a single connection: it waits there.
        tick_seconds: How long a message may wait for others, to be sent together with them.
        history: How many messages somebody gets who comes for the first time.
    """

    def __init__(
        self,
        log: Log,
        reader: Redis,
        tick_seconds: float,
        history: int,
    ) -> None:
        self._log, self._reader = log, reader
        self._tick_seconds, self._history = tick_seconds, history
        self.open: dict[str, Room] = {}
        self.signalled: Callable[[Room, dict[str, str]], None]
        """Called with a room and the fields of a signal."""
        self._reader_id, self._waiting = 0, False
        self._some = asyncio.Event()

    @asynccontextmanager
    async def _held(self, name: str) -> AsyncIterator[Room]:
        """Give a room that is followed, and keep it open while the block lasts."""
        room = self.open.setdefault(name, Room(name))
        room.entering += 1
        try:
            if room.opened is None:
                room.opened = asyncio.ensure_future(self._follow(room))
            await asyncio.shield(room.opened)
            yield room
        finally:
            room.entering -= 1
            if not room.followed:
                self.open.pop(name, None)

    async def _follow(self, room: Room) -> None:
        """Find out where the room is, and have the reader follow it from there."""
        room.last, room.signal = await self._log.position(room.name)
        room.followed = True
        self._some.set()
        with contextlib.suppress(RedisError, OSError):  # the reader looks up after a while by itself
            while self._waiting and not room.awaited:
                await self._log.unblock(self._reader_id)
                await asyncio.sleep(self._tick_seconds)  # it may not have been blocked yet

    async def enter(self, connection: Connection, user: str, name: str, after: int | None) -> None:
        """Let somebody in, behind the message last seen, or with some history: every later message comes once, and in order.

        What is not kept any more is told as a gap.

        Raises:
            RedisError: The log does not answer.
        """
        async with self._held(name) as room:
            reached = max(0, room.last - self._history) if after is None else min(after, room.last)
            connection.send(to_frame(type="joined", room=name, after=reached))
            while reached < room.last:  # and what is said meanwhile
                goal, page = room.last, await self._page(room, reached)
                begin = page[0][0] if page else goal + 1
                if begin != reached + 1 and after is not None:
                    connection.send(gap(name, reached, begin))
                connection.send(b"".join(frame for _, frame in page))
                reached = page[-1][0] if page else goal
                while connection.unsent > ENOUGH_BYTES:  # noqa: ASYNC110 - no event is worth a write's while
                    await asyncio.sleep(self._tick_seconds)
            room.flush()  # to those who were here before: whoever comes now has had it
            room.members[connection] = user

    async def _page(self, room: Room, after: int) -> list[tuple[int, bytes]]:
        """Return the next messages, by their numbers: from memory if they are there, or else from the log."""
        if room.recent and room.recent[0][0] <= after + 1:
            return [(number, frame) for number, frame in room.recent if after < number <= after + PAGE]
        messages = await self._log.between(room.name, after, room.last, PAGE)
        return [(message.number, frame_of(room.name, message)) for message in messages]

    def leave(self, connection: Connection, name: str) -> None:
        """Let somebody out."""
        if (room := self.open.get(name)) is not None:
            room.members.pop(connection, None)

    def close_if_unused(self, room: Room) -> bool:
        """Forget a room if nobody here is in it, or about to be; tell whether it was so."""
        if room.in_use:
            return False
        self.open.pop(room.name, None)
        return True

    def deliver(self, room: Room, frame: bytes) -> None:
        """Send a frame to all members here, with others that come within a tick."""
        if not room.pending:
            asyncio.get_running_loop().call_later(self._tick_seconds, room.flush)
        room.pending.append(frame)

    async def read(self) -> None:
        """Follow all open rooms for ever: whatever fails, the next read goes on behind the last message that came."""
        while True:
            try:
                self._reader_id = await self._reader.client_id()
                while True:
                    await self._some.wait()
                    await self._read_once()
            except (RedisError, OSError):
                await asyncio.sleep(RETRY_SECONDS)

    async def _read_once(self) -> None:
        followed = [room for room in self.open.values() if room.followed]
        if not followed:
            self._some.clear()
            return
        streams: dict[Any, Any] = {}
        for room in followed:
            room.awaited = True
            streams[self._log.stream(room.name)] = f"0-{room.last}"
            streams[self._log.signals(room.name)] = room.signal
        self._waiting = True
        try:
            found: Any = await self._reader.xread(streams, count=AT_ONCE, block=BLOCK_MILLISECONDS)
        finally:
            self._waiting = False
        entries = dict(found)
        for room in followed:
            for entry in entries.get(self._log.stream(room.name), ()):
                self._said(room, said(*entry))
            for entry_id, fields in entries.get(self._log.signals(room.name), ()):
                room.signal = entry_id
                self.signalled(room, fields)

    def _said(self, room: Room, message: Said) -> None:
        if message.number != room.last + 1:  # the log has let go of some before they were read
            self.deliver(room, gap(room.name, room.last, message.number))
            room.recent.clear()
        frame = frame_of(room.name, message)
        room.last = message.number
        room.recent.append((message.number, frame))
        self.deliver(room, frame)

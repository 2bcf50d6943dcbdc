"""The chat: what people may ask for on a connection, and what they are told.

asks: join (after) · leave · say (key) · typing · ping      told: joined · gap · message · said · present · typing · pong · refused
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

from .connection import Connection
from .log import Draft, Log
from .passes import Passes
from .presence import Presence
from .rooms import Room, Rooms, to_frame

TYPING_SECONDS = 1.0
DRAFTS_AT_ONCE = 64
LISTED = 100
"""How many are told by name who is in a room; of the others, the number."""


@dataclass(frozen=True)
class Manners:
    """What one person may do.

    Args:
        text_characters: The longest text.
        rooms: Rooms to be in at once.
        messages_per_second: What may be asked for in the long run; whoever floods is sent away (1008).
        burst: What may be asked for at once.
    """

    text_characters: int = 4_000
    rooms: int = 50
    messages_per_second: float = 20.0
    burst: int = 100


class Session:
    """One person on one connection."""

    __slots__ = ("allowance", "asked_at", "inbox", "rooms", "typed_at", "user", "worker")

    def __init__(self, user: str, burst: float) -> None:
        self.user = user
        self.rooms: set[str] = set()
        self.inbox: deque[dict[str, Any]] = deque()
        self.worker: asyncio.Task[None] | None = None
        self.allowance, self.asked_at, self.typed_at = burst, 0.0, 0.0


class Chat:
    """The chat as an application on WebSockets.

    Args:
        log: The rooms' messages.
        rooms: The rooms of this node.
        presence: Who is where.
        passes: Says who somebody is.
        manners: What one person may do.
    """

    def __init__(self, log: Log, rooms: Rooms, presence: Presence, passes: Passes, manners: Manners) -> None:
        self._log, self._rooms, self._presence = log, rooms, presence
        self._passes, self._manners = passes, manners
        self._told: dict[str, list[str]] = {}
        """Who is in each room, as its members here were told last."""
        self._news: set[str] = set()

    def opening(self, connection: Connection, request: Request) -> Response | None:
        """Let in whoever has a pass."""
        user = self._passes.user("; ".join(request.headers.get_all("Cookie")))
        if user is None:
            return connection.refusal(401, "log in first")
        connection.context = Session(user, self._manners.burst)
        return None

    def opened(self, connection: Connection) -> None:
        """Wait for what is asked for."""

    def closed(self, connection: Connection) -> None:
        """Take somebody out of all rooms."""
        session: Session = connection.context
        session.inbox.clear()
        for name in list(session.rooms):
            self._leave(connection, name)

    def received(self, connection: Connection, message: str | bytes) -> None:
        """Take what is asked for; all but the quickest is done in its order, and without keeping others waiting."""
        session: Session = connection.context
        if not self._allowed(session, connection.heard_at):
            connection.close(CloseCode.POLICY_VIOLATION, "too many messages")
            return
        try:
            asked = json.loads(message)
            kind = asked["type"]
        except (ValueError, TypeError, KeyError):
            kind, asked = "", {}
        if kind == "ping":
            connection.send(to_frame(type="pong"))
        elif kind in {"join", "leave", "say", "typing"} and isinstance(asked.get("room"), str):
            session.inbox.append(asked)
            if session.worker is None:
                session.worker = asyncio.ensure_future(self._work(connection, session))
        else:
            connection.send(to_frame(type="refused", reason="not understood"))

    def _allowed(self, session: Session, now: float) -> bool:
        earned = (now - session.asked_at) * self._manners.messages_per_second
        session.allowance = min(self._manners.burst, session.allowance + earned) - 1
        session.asked_at = now
        return session.allowance >= 0

    async def _work(self, connection: Connection, session: Session) -> None:
        """Do what somebody has asked for, one thing after the other."""
        try:
            while session.inbox:
                asked = session.inbox.popleft()
                kind, name = asked["type"], asked["room"]
                if kind == "join":
                    await self._join(connection, session, name, asked.get("after"))
                elif name not in session.rooms:
                    connection.send(
                        to_frame(type="refused", room=name, key=asked.get("key"), reason="not in this room")
                    )
                elif kind == "leave":
                    self._leave(connection, name)
                elif kind == "say":
                    await self._say(connection, session, asked)
                elif connection.heard_at - session.typed_at >= TYPING_SECONDS:
                    session.typed_at = connection.heard_at
                    await self._log.signal(name, kind="typing", user=session.user)
        except (RedisError, OSError):
            connection.close(CloseCode.TRY_AGAIN_LATER, "the rooms are out of reach")
        finally:
            session.worker = None

    async def _join(self, connection: Connection, session: Session, name: str, after: object) -> None:
        if not (name in self._rooms.open or await self._log.exists(name)):
            reason = "unknown room"
        elif len(session.rooms) >= self._manners.rooms:
            reason = "in too many rooms"
        elif not (after is None or (isinstance(after, int) and after >= 0)):
            reason = "not understood"
        else:
            await self._rooms.enter(connection, session.user, name, after)
            session.rooms.add(name)
            self._news.add(name)
            connection.send(_present(name, self._told.get(name, [])))
            if not connection.is_open:  # it has gone while it was let in
                self._leave(connection, name)
            return
        connection.send(to_frame(type="refused", room=name, reason=reason))

    def _leave(self, connection: Connection, name: str) -> None:
        self._rooms.leave(connection, name)
        connection.context.rooms.discard(name)
        self._news.add(name)

    async def _say(self, connection: Connection, session: Session, first: dict[str, Any]) -> None:
        """Say something, and all that directly follows it: one round trip to the log for as much as there is."""
        asked = [first]
        while session.inbox and session.inbox[0]["type"] == "say" and len(asked) < DRAFTS_AT_ONCE:
            asked.append(session.inbox.popleft())
        drafts = [draft for one in asked if (draft := self._draft(connection, session, one)) is not None]
        numbers = await self._log.say(session.user, drafts)
        for draft, number in zip(drafts, numbers, strict=True):
            connection.send(to_frame(type="said", room=draft.room, key=draft.key, number=number))

    def _draft(self, connection: Connection, session: Session, asked: dict[str, Any]) -> Draft | None:
        room, key, text = asked["room"], asked.get("key"), asked.get("text")
        if room not in session.rooms:
            reason = "not in this room"
        elif not (isinstance(key, str) and 0 < len(key) <= 64 and isinstance(text, str) and text.strip()):
            reason = "not understood"
        elif len(text) > self._manners.text_characters:
            reason = "too long"
        else:
            return Draft(room, key, text)
        connection.send(to_frame(type="refused", room=room, key=key, reason=reason))
        return None

    def signalled(self, room: Room, fields: dict[str, str]) -> None:
        """Act on what a node has told all others."""
        if fields["kind"] == "typing":
            self._rooms.deliver(room, to_frame(type="typing", room=room.name, user=fields["user"]))
        else:
            self._news.add(room.name)

    async def keep_presence(self, pause_seconds: float, refresh_seconds: float) -> None:
        """Tell members who is there, for ever: at most once in a pause, however many come and go."""
        refreshed, loop = 0.0, asyncio.get_running_loop()
        while True:
            await asyncio.sleep(pause_seconds)
            if loop.time() - refreshed >= refresh_seconds:
                refreshed = loop.time()
                self._news.update(self._rooms.open)
            news, self._news = self._news, set()
            try:
                for name in list(news):
                    await self._announce(name)
                    news.discard(name)
            except (RedisError, OSError):
                self._news |= news  # later

    async def _announce(self, name: str) -> None:
        room = self._rooms.open.get(name)
        key = f"{self._log.stream(name)}:present"
        people = await self._presence.announce(key, self._log.signals(name), room.members.values() if room else ())
        if room is None or self._rooms.close_if_unused(room):
            self._told.pop(name, None)
        elif people != self._told.get(name):
            self._told[name] = people
            self._rooms.deliver(room, _present(name, people))


def _present(name: str, people: list[str]) -> bytes:
    return to_frame(type="present", room=name, users=people[:LISTED], count=len(people))

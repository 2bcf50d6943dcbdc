"""A node of the chat: all of its parts together. Nodes share what is in Redis, and nothing else."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from .chat import Chat, Manners
from .connection import Limits
from .log import Log
from .passes import Passes
from .presence import Presence
from .rooms import Rooms
from .server import Server

QUESTIONS_AT_ONCE = 8
REDIS_SECONDS = 5.0


@dataclass(frozen=True)
class Settings:
    """How a node works.

    Args:
        prefix: What all keys in Redis begin with.
        kept: Messages kept of a room.
        history: Messages that somebody gets who comes for the first time.
        tick_seconds: How long a message may wait to be sent together with others.
        presence_seconds: How often members are told at most who comes and goes.
        lease_seconds: How long the people of a node that says nothing are believed to be there.
        limits: What a connection may take.
        manners: What one person may do.
    """

    prefix: str = "chat:"
    kept: int = 10_000
    history: int = 50
    tick_seconds: float = 0.002
    presence_seconds: float = 0.1
    lease_seconds: float = 15.0
    limits: Limits = field(default_factory=Limits)
    manners: Manners = field(default_factory=Manners)


def redis_client(url: str, connections: int) -> Redis:
    """Return a client that waits its turn for a connection, returns text, and tries nothing twice: a message might be said twice."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=None,
        decode_responses=True,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    return Redis(connection_pool=pool)


class Node:
    """A node of the chat.

    Args:
        redis_url: Where the rooms are.
        secret: Proves passes.
        origins: The origins of pages that may connect.
        settings: How it works.
    """

    def __init__(self, redis_url: str, secret: str, origins: Sequence[str], settings: Settings | None = None) -> None:
        self._settings = settings = settings or Settings()
        self._redis, self._reader = redis_client(redis_url, QUESTIONS_AT_ONCE), redis_client(redis_url, 1)
        self._log = Log(self._redis, settings.prefix, settings.kept)
        self._rooms = Rooms(self._log, self._reader, settings.tick_seconds, settings.history)
        presence = Presence(self._redis, uuid.uuid4().hex, settings.lease_seconds)
        self._chat = Chat(self._log, self._rooms, presence, Passes(secret), settings.manners)
        self._rooms.signalled = self._chat.signalled
        self._server = Server(self._chat, settings.limits, origins)

    async def run(self, host: str, port: int, rooms: Sequence[str] = ()) -> None:
        """Serve until cancelled.

        Args:
            host: Where to listen.
            port: Where to listen.
            rooms: Rooms that there are to be.
        """
        settings = self._settings
        if rooms:
            await self._log.create(*rooms)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._rooms.read())
                tasks.create_task(self._chat.keep_presence(settings.presence_seconds, settings.lease_seconds / 3))
                tasks.create_task(self._server.serve(host, port))
        finally:
            await self._reader.aclose()
            await self._redis.aclose()

"""Sessions: what the service remembers of a customer between two requests, and where it does."""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import redis

ID_BYTES = 16


class NoSession(Exception):  # noqa: N818 - a fact about the caller
    """Nobody here knows this session."""


class Sessions(Protocol):
    """A cart a session. Ids are made here alone: one that a caller made up, or that has expired, is nobody's."""

    def open(self) -> str:
        """Begin a session and return its id, which cannot be guessed."""

    def add(self, session: str, item: str) -> None:
        """Put one more of an item into the cart. Raises NoSession."""

    def cart(self, session: str) -> dict[str, int]:
        """Return how many of each item are in the cart. Raises NoSession."""


class MemorySessions:
    """Sessions in the memory of this process: the quickest, and gone with it. No other process knows them."""

    def __init__(self) -> None:
        self._carts: dict[str, dict[str, int]] = {}
        self._one_at_a_time = threading.Lock()

    def open(self) -> str:
        """See `Sessions`."""
        session = secrets.token_urlsafe(ID_BYTES)
        self._carts[session] = {}
        return session

    def add(self, session: str, item: str) -> None:
        """See `Sessions`."""
        with self._one_at_a_time:
            cart = self.cart(session)
            cart[item] = cart.get(item, 0) + 1

    def cart(self, session: str) -> dict[str, int]:
        """See `Sessions`."""
        if session not in self._carts:
            raise NoSession
        return self._carts[session]


class RedisSessions:
    """Sessions in a store that all instances share: whichever of them is asked knows, and the service itself keeps nothing.

    One hash a session, one field an item: two instances that add at the same time both count, since neither reads before it writes.

    Args:
        store: A client of Redis.
        keep_seconds: How long a session is remembered after it was last used.
    """

    _ADD = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
        redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return 1
    """
    _OPENED = ""  # a field that no item is called: Redis keeps no empty hash

    def __init__(self, store: redis.Redis, keep_seconds: float = 1_800.0) -> None:
        self._store, self._keep_ms = store, int(keep_seconds * 1_000)
        self._add = store.register_script(self._ADD)

    def open(self) -> str:
        """See `Sessions`."""
        session = secrets.token_urlsafe(ID_BYTES)
        with self._store.pipeline(transaction=True) as both:
            both.hset(_key(session), self._OPENED, "0")
            both.pexpire(_key(session), self._keep_ms)
            both.execute()
        return session

    def add(self, session: str, item: str) -> None:
        """See `Sessions`."""
        if not self._add(keys=[_key(session)], args=[item, self._keep_ms]):
            raise NoSession

    def cart(self, session: str) -> dict[str, int]:
        """See `Sessions`."""
        fields: dict[bytes, bytes] = self._store.hgetall(_key(session))  # type: ignore[assignment]
        if not fields:
            raise NoSession
        return {item.decode(): int(count) for item, count in fields.items() if item}


def _key(session: str) -> str:
    return f"session:{session}"

"""What the cache keeps in Redis: under each name either a value or a lease, the right to bring one.

A lease (Nishtala et al., Scaling Memcache at Facebook, NSDI 2013, §3.2.1) settles two things at once. Only one caller gets it, so a value
is loaded once. And a delete removes it like any value, so whoever loaded before the delete finds the lease gone and fills nothing. As
both live under one name, a hit is a single GET, a delete a plain DEL that any tool can send, and no lock can outlive what it guards.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from typing import Any
from zlib import crc32

from .breaker import Breaker
from .wire import Argument, Away, Refused, Wire

VALUE, LEASE = b"V", b"L"
"""The first byte of an entry; three bits apart, so that no single one makes the one of the other."""

_CHECKSUM_BYTES = 4
_WHOLE = 0x2144DF1C
"""The CRC-32 of anything that ends with its own CRC-32, the lowest byte first: one look tells whether all of it is right."""

FILL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""
REMOVE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
_SHA1 = {script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest() for script in (FILL, REMOVE)}


def key(*parts: str | int) -> str:
    """Join what identifies a value so that different parts never give the same key. Raises ValueError without any."""
    if not parts:
        raise ValueError("a key has at least one part")
    return ":".join(str(part).replace("%", "%25").replace(":", "%3A") for part in parts)


class Damaged(ValueError):  # noqa: N818
    """An entry that is not what was stored under its name."""


def pack(name: bytes, payload: bytes) -> bytes:
    """Return a value as it is stored: its checksum covers the name too, so that no answer can be taken for another's."""
    entry = VALUE + payload
    return entry + crc32(entry, crc32(name)).to_bytes(_CHECKSUM_BYTES, "little")


def unpack(name: bytes, entry: bytes) -> bytes:
    """Return the payload of a value. Raises Damaged for whatever was not packed under this name."""
    if crc32(entry, crc32(name)) != _WHOLE:
        raise Damaged(f"{name!r} holds what was not stored there")
    return entry[1:-_CHECKSUM_BYTES]


def new_lease() -> bytes:
    """Return a lease that nobody else has."""
    return LEASE + secrets.token_bytes(16)


class Store:
    """Values and leases in Redis, behind a breaker. Every method but `delete` raises Away while Redis is.

    A delete that does not arrive is owed: before this process reads anything again, it delivers what it owes.

    Args:
        wire: The connection; its timeout bounds how long anybody waits.
        breaker: Decides when Redis is asked at all.
    """

    def __init__(self, wire: Wire, breaker: Breaker) -> None:
        self._wire, self._breaker = wire, breaker
        self._owed: set[bytes] = set()
        self._owing = threading.Lock()

    def get(self, name: bytes) -> bytes | None:
        """Return what is stored: a value, a lease, or nothing."""
        entry: bytes | None
        if self._owed or self._breaker.failures:
            entry = self._ask("GET", name)
            return entry
        try:
            entry = self._wire.call("GET", name)
        except Away as away:
            self._blame(away)
            raise
        return entry

    def claim(self, name: bytes, lease: bytes, milliseconds: int) -> bool:
        """Take the right to bring a value, if there is none and nobody has it. It ends by itself if its holder dies."""
        taken = self._ask("SET", name, lease, "NX", "PX", milliseconds) is not None
        return taken or self.get(name) == lease  # the answer was lost, and the command sent again

    def fill(self, name: bytes, lease: bytes, entry: bytes, milliseconds: int) -> bool:
        """Put a value in the place of its lease; False, and nothing is stored, if that has ended or was deleted."""
        return bool(self._run(FILL, name, lease, entry, milliseconds))

    def remove(self, name: bytes, entry: bytes) -> bool:
        """Remove exactly this entry; what has taken its place meanwhile stays."""
        return bool(self._run(REMOVE, name, entry))

    def delete(self, name: bytes) -> None:
        """Remove whatever is stored, now or before this process reads again. Never raises Away."""
        try:
            self._ask("DEL", name)
        except Away:
            with self._owing:
                self._owed.add(name)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._wire.close()

    def _run(self, script: str, *arguments: Argument) -> int:
        answer: int
        try:
            answer = self._ask("EVALSHA", _SHA1[script], 1, *arguments)
        except Refused as refused:
            if not str(refused).startswith("NOSCRIPT"):
                raise
            answer = self._ask("EVAL", script, 1, *arguments)
        return answer

    def _ask(self, *command: Argument) -> Any:
        breaker = self._breaker
        if breaker.failures and not breaker.allows():
            raise Away("Redis has not answered lately")
        try:
            if self._owed:
                self._settle()
            reply = self._wire.call(*command)
        except Away as away:
            self._blame(away)
            raise
        if breaker.failures:
            breaker.succeeded()
        return reply

    def _blame(self, away: Away) -> None:
        """Tell the breaker of a command without its answer; who refuses has answered."""
        if isinstance(away, Refused):
            self._breaker.succeeded()
        else:
            self._breaker.failed()

    def _settle(self) -> None:
        with self._owing:
            if self._owed:
                self._wire.call("DEL", *self._owed)
                self._owed.clear()

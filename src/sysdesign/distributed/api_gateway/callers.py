"""Callers: who asks, by a token that an issuer has signed (RFC 7519) or by a key that was given to a program.

A signature is checked when a token is first seen. After that it is known, until it expires: most requests cost a look into a table.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import jwt

from sysdesign.distributed.api_gateway.configuration import Authentication

ALGORITHM = "ES256"
"""The one algorithm that is taken (RFC 8725 §3.1): a token that could choose would choose `none`."""

KNOWN_TOKENS = 10_000
LEAST_KEY_CHARACTERS = 32
TELLABLE = re.compile(r"[\x21-\x7e]+")
"""A name that is passed on in a field of a head: a line end in it would begin another field."""


class Unknown(Exception):  # noqa: N818 - what a caller is
    """Nobody knows who this is."""


class Caller(NamedTuple):
    """Who asks."""

    name: str
    """As the services know it."""
    scopes: frozenset[str]
    """What it may do."""
    expires: float
    """Until when this is so, in seconds since 1970."""
    fields: bytes
    """How services are told: as it stands in a head, each field with the end of the line before."""


NOBODY = Caller("", frozenset(), float("inf"), b"")


class Register:
    """Tells who a caller is.

    Args:
        told: Whom to believe.
        clock: Seconds since 1970.
    """

    def __init__(self, told: Authentication, clock: Callable[[], float] = time.time) -> None:
        self._told, self.clock = told, clock
        self._keys = {name: jwt.PyJWK({**key}, ALGORITHM) for name, key in told.keys.items()}
        self._known: dict[bytes, Caller] = {}

    def by_token(self, token: bytes) -> Caller:
        """Return who comes with a token. Raises Unknown."""
        caller = self._known.get(token)
        if caller is None:
            caller = self._verified(token)
            if len(self._known) >= KNOWN_TOKENS:
                self._known.clear()  # only valid tokens are kept, so nobody outside can fill it
            self._known[token] = caller
        if caller.expires <= self.clock():
            del self._known[token]
            raise Unknown("expired")
        return caller

    def _verified(self, token: bytes) -> Caller:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._told.issuer,
                audience=self._told.audience,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.InvalidTokenError, KeyError, ValueError) as error:
            raise Unknown(repr(error)) from error
        return _caller(str(claims["sub"]), str(claims.get("scope", "")).split(), float(claims["exp"]))

    def by_key(self, key: bytes) -> Caller:
        """Return which program comes with a key. Raises Unknown.

        What is looked up is the key's digest, so that the time it takes tells nothing about the keys that there are.
        """
        digest = hashlib.sha256(key).hexdigest()
        for known, told in self._told.api_keys.items():
            if hmac.compare_digest(known, digest) and len(key) >= LEAST_KEY_CHARACTERS:
                return _caller(told["name"], told["scopes"])
        raise Unknown("a key that nobody has")


def _caller(name: str, scopes: Iterable[str], expires: float = float("inf")) -> Caller:
    scopes = frozenset(scopes)
    if not all(TELLABLE.fullmatch(word) for word in (name, *scopes)):
        raise Unknown("a name that cannot be passed on")
    fields = f"\r\nX-User: {name}\r\nX-Scopes: {' '.join(sorted(scopes))}"
    return Caller(name, scopes, expires, fields.encode())

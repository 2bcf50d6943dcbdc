"""Access tokens: who has signed in, for a short time, signed by us (JSON Web Tokens, RFC 7519)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jwt

ALGORITHM = "HS256"
AUDIENCE = "bookmarks"


class InvalidToken(Exception):  # noqa: N818 - what it is, not what went wrong
    """A token that is not ours, not for us, altered, or too old."""


class Tokens:
    """Signs tokens, and reads those that it has signed.

    Args:
        key: The secret, of 32 bytes at least (RFC 7518 §3.2).
        lifetime_seconds: How long a token can be used.
        clock: Tells the seconds since the epoch, for the tokens that are signed.
    """

    def __init__(self, key: str, lifetime_seconds: int, clock: Callable[[], float] = time.time) -> None:
        self._key, self.lifetime_seconds, self._clock = key, lifetime_seconds, clock

    def issue(self, session: str) -> str:
        """Return a token for a session."""
        now = int(self._clock())
        claims = {"sid": session, "aud": AUDIENCE, "iat": now, "exp": now + self.lifetime_seconds}
        return jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str) -> str:
        """Return the session that a token is for. Raises InvalidToken."""
        options: Any = {"require": ["sid", "aud", "exp"]}
        try:
            # The algorithm is ours to choose: a token that could choose it would choose none (RFC 8725 §3.1).
            claims = jwt.decode(token, self._key, [ALGORITHM], options, audience=AUDIENCE)
        except jwt.InvalidTokenError as error:
            raise InvalidToken from error
        return str(claims["sid"])

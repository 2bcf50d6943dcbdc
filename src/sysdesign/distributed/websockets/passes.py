"""Passes: what the login gives a browser, and what a node believes at the handshake, with no question to anybody."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

from itsdangerous import BadSignature, TimestampSigner

COOKIE = "chat_pass"


class Passes:
    """Signed names that are good for a while; a page's script cannot read them, and need not.

    Args:
        secret: Known to the login and to every node, and to nobody else.
        seconds: How long a pass is good for.
        clock: Tells the seconds since the epoch.
    """

    def __init__(self, secret: str, seconds: int = 8 * 3_600, clock: Callable[[], float] = time.time) -> None:
        self.seconds = seconds
        self._signer = TimestampSigner(secret, salt="chat pass")
        self._signer.get_timestamp = lambda: int(clock())  # type: ignore[method-assign]

    def issue(self, user: str) -> str:
        """Return a pass for somebody who has logged in."""
        return self._signer.sign(user.encode().hex()).decode()

    def user(self, cookies: str) -> str | None:
        """Return whose pass is in a Cookie field; None if there is none, or it is forged or old."""
        try:
            given = SimpleCookie(cookies)[COOKIE].value
            return bytes.fromhex(self._signer.unsign(given, max_age=self.seconds).decode()).decode()
        except (CookieError, KeyError, BadSignature, ValueError):
            return None

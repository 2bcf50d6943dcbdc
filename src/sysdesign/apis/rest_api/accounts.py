"""Accounts and sessions: who somebody is, and for how long we believe it.

A password is kept as a slow, salted hash (argon2id, RFC 9106), so that who steals the table has yet to guess. A session has a refresh
token, which can be used once: each use gives the next one, and a second use of an old one means that two have it, so the session ends.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from .database import SESSIONS, USERS, Database
from .problems import Problem, unauthorised
from .rights import Caller, Role
from .tokens import InvalidToken, Tokens


class Passwords:
    """Hashes of passwords.

    Args:
        cost: What a hash costs, in argon2-cffi's words (`time_cost`, `memory_cost`, `parallelism`); by default what it advises.
    """

    def __init__(self, cost: Mapping[str, Any] | None = None) -> None:
        self._hasher = PasswordHasher(**(cost or {}))
        self._nobody = self.hash(secrets.token_hex())

    def hash(self, password: str) -> str:
        """Return what may be kept of a password: salt, costs and hash."""
        return self._hasher.hash(password)

    def match(self, kept: str | None, password: str) -> bool:
        """Tell whether this is the password. For somebody who is not known (None) it takes as long to say no."""
        try:
            return self._hasher.verify(kept or self._nobody, password) and kept is not None
        except VerifyMismatchError:
            return False


class Granted(NamedTuple):
    """What somebody who has signed in gets."""

    access_token: str
    refresh_token: str
    expires_in: int
    """How long the access token can be used [s]."""


class Accounts:
    """Users and their sessions.

    Args:
        database: Where they are kept.
        passwords: How passwords are hashed.
        tokens: How access tokens are signed.
        session_seconds: How long a session lasts after it was last refreshed.
        clock: Tells the seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        tokens: Tokens,
        session_seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._passwords, self._tokens = database, passwords, tokens
        self._session_seconds, self._clock = session_seconds, clock

    def sign_up(self, name: str, password: str, role: Role = "member") -> None:
        """Add a user. Raises Problem 409 if the name is taken."""
        row = {"name": name, "role": role, "password_hash": self._passwords.hash(password)}
        try:
            self._database.count(insert(USERS).values(row))
        except IntegrityError:
            raise Problem(409, "This name is taken.") from None

    def role_of(self, name: str) -> Role:
        """Return a user's role. Raises Problem 404."""
        for row in self._database.rows(select(USERS.c.role).where(USERS.c.name == name)):
            return row.role  # type: ignore[no-any-return]
        raise Problem(404, "There is no such user.")

    def set_role(self, name: str, role: Role) -> None:
        """Give a user a role, from their next request on. Raises Problem 404."""
        if not self._database.count(update(USERS).where(USERS.c.name == name).values(role=role)):
            raise Problem(404, "There is no such user.")

    def sign_in(self, name: str, password: str) -> Granted:
        """Begin a session. Raises Problem 401, which does not tell whether it was the name or the password."""
        rows = self._database.rows(select(USERS.c.password_hash).where(USERS.c.name == name))
        if not self._passwords.match(rows[0].password_hash if rows else None, password):
            raise unauthorised("Name or password is wrong.")
        session, secret = secrets.token_hex(16), secrets.token_urlsafe(32)
        row = {"id": session, "user_name": name, "secret_hash": _digest(secret), "expires_at": self._end()}
        self._database.count(insert(SESSIONS).values(row))
        return self._grant(session, secret)

    def refresh(self, refresh_token: str) -> Granted:
        """Exchange a refresh token for new tokens; it has served then. Raises Problem 401, and ends the session if it had served."""
        session, following = refresh_token.partition(".")[0], secrets.token_urlsafe(32)
        unexpired = SESSIONS.c.expires_at > self._clock()
        new = {"secret_hash": _digest(following), "expires_at": self._end()}
        if not self._database.count(update(SESSIONS).where(*_of(refresh_token), unexpired).values(new)):
            self._database.count(delete(SESSIONS).where(SESSIONS.c.id == session))
            raise unauthorised("This refresh token is of no use, or no longer.")
        return self._grant(session, following)

    def revoke(self, refresh_token: str) -> None:
        """End the session of a refresh token, if it is the last one: none of its tokens is good for anything from now on."""
        self._database.count(delete(SESSIONS).where(*_of(refresh_token)))

    def caller(self, access_token: str) -> Caller:
        """Return who has sent an access token. Raises Problem 401."""
        try:
            session = self._tokens.read(access_token)
        except InvalidToken:
            raise unauthorised("The access token is not valid, or no longer.") from None
        query = select(USERS.c.name, USERS.c.role).join(SESSIONS).where(SESSIONS.c.id == session)
        for row in self._database.rows(query):
            return Caller(row.name, row.role)
        raise unauthorised("The session has ended.")

    def _grant(self, session: str, secret: str) -> Granted:
        return Granted(self._tokens.issue(session), f"{session}.{secret}", self._tokens.lifetime_seconds)

    def _end(self) -> int:
        return int(self._clock()) + self._session_seconds


def _of(refresh_token: str) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on the session of a refresh token."""
    session, _, secret = refresh_token.partition(".")
    return SESSIONS.c.id == session, SESSIONS.c.secret_hash == _digest(secret)


def _digest(secret: str) -> str:
    """Return what is kept of a refresh token: it is random and long, so that a quick hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""The database: SQLite or PostgreSQL, by SQLAlchemy, which sends every value apart from the statement.

Each operation of this API is one statement and each statement is its own transaction: it has happened as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, MetaData, String, Table, Text, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError  # noqa: A004 - SQLAlchemy's own
from sqlalchemy.sql import Executable

MODEL = MetaData()
USERS = Table(
    "users",
    MODEL,
    Column("name", String(32), primary_key=True),
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),
)
SESSIONS = Table(
    "sessions",
    MODEL,
    Column("id", String(32), primary_key=True),
    Column("user_name", ForeignKey("users.name"), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
BOOKMARKS = Table(
    "bookmarks",
    MODEL,
    Column("id", String(32), primary_key=True),
    Column("owner", ForeignKey("users.name"), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created", String(32), nullable=False),  # RFC 3339 in UTC with all six digits: it sorts as it is
    Column("title", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("note", Text),
    Column("labels", JSON, nullable=False),
    Column("visits", BigInteger, nullable=False),
)
for _key in ("created", "title", "visits"):  # one index for each order in which pages can be had
    Index(f"bookmarks_by_{_key}", BOOKMARKS.c.owner, BOOKMARKS.c[_key], BOOKMARKS.c.id)


class Unavailable(Exception):  # noqa: N818 - a state, which may pass
    """The database does not answer."""


class Database:
    """Runs statements, each a transaction of its own.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
        patience_seconds: How long it waits for a connection, for a lock, or for an answer.
    """

    def __init__(self, url: str, patience_seconds: float = 2.0) -> None:
        parsed = make_url(url)
        milliseconds = round(patience_seconds * 1_000)
        options: dict[str, Any] = {"timeout": patience_seconds, "check_same_thread": False}
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            told = f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
            options = {"connect_timeout": max(2, round(patience_seconds)), "options": told}
        self.engine = create_engine(
            parsed,
            isolation_level="AUTOCOMMIT",
            pool_timeout=patience_seconds,
            connect_args=options,
            hide_parameters=True,
        )
        if parsed.get_backend_name() == "sqlite":
            event.listen(self.engine, "connect", _settle)
        MODEL.create_all(self.engine)

    def rows(self, statement: Executable) -> Sequence[Any]:
        """Return the rows that a statement finds, or those that it has written and returns. Raises Unavailable."""
        try:
            with self.engine.connect() as connection:
                return connection.execute(statement).all()
        except (OperationalError, InterfaceError, TimeoutError) as error:
            raise Unavailable from error

    def count(self, statement: Executable) -> int:
        """Return how many rows a statement has written. Raises Unavailable."""
        try:
            with self.engine.connect() as connection:
                return connection.execute(statement).rowcount
        except (OperationalError, InterfaceError, TimeoutError) as error:
            raise Unavailable from error


def _settle(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")  # who reads does not wait for who writes
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")

"""Transactions on SQLite and PostgreSQL: what is remembered is committed together with what is done."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Protocol, TypeAlias

Execute: TypeAlias = Callable[..., list[tuple[Any, ...]]]
"""`execute(sql, *values)` within a transaction: returns the rows; values stand as `%s` in the SQL."""

CONNECTIONS = 16
"""How many connections a process opens at most."""

SCHEMA = (
    """CREATE TABLE IF NOT EXISTS accounts (
        owner TEXT NOT NULL, name TEXT NOT NULL, balance BIGINT NOT NULL, PRIMARY KEY (owner, name))""",
    """CREATE TABLE IF NOT EXISTS payments (
        number {serial}, owner TEXT NOT NULL, account TEXT NOT NULL, amount BIGINT NOT NULL,
        paid_at DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS idempotency_keys (
        caller TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, answer TEXT,
        expires_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (caller, key))""",
)


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is not served, and why (RFC 9457): nothing was done, and nothing is remembered.

    Args:
        status: The HTTP status.
        detail: What the client can do about it.
        headers: Further header fields.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


def unavailable() -> Problem:
    """Return the problem of a store that is down or busy."""
    return Problem(503, "The store cannot be used now. Send the same request again.", {"Retry-After": "1"})


class Database(Protocol):
    """A store with transactions."""

    row_locked: tuple[type[Exception], ...]
    """What `execute` raises where another transaction has held the very row for longer than the caller would wait."""

    def transaction(self) -> AbstractContextManager[Execute]:
        """Commit all that the block executes, or nothing if it raises. Raises Problem 503: down or busy."""

    def close(self) -> None:
        """Close its connections."""


class Connections:
    """A few connections, opened when they are first needed, each used by one thread at a time.

    Args:
        connect: Opens one.
        failures: What it raises when it can no longer be trusted; the next to need one connects anew.
        wait_seconds: How long a thread waits for one.
    """

    def __init__(self, connect: Callable[[], Any], failures: type[Exception], wait_seconds: float) -> None:
        self._connect, self._failures, self._wait_seconds = connect, failures, wait_seconds
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(CONNECTIONS):
            self._idle.put(None)

    @contextmanager
    def one(self) -> Iterator[Any]:
        """Lend a connection. Raises Problem 503 when it fails, or none is free in time."""
        connection = None
        try:
            connection = self._idle.get(timeout=self._wait_seconds)
        except queue.Empty as none_free:
            raise unavailable() from none_free
        try:
            connection = connection or self._connect()
            yield connection
        except self._failures as failure:
            if connection:
                connection.close()
            connection = None
            raise unavailable() from failure
        finally:
            self._idle.put(connection)

    def close(self) -> None:
        """Close those that are open; nobody may use any."""
        for _ in range(CONNECTIONS):
            if connection := self._idle.get():
                connection.close()


class SQLite:
    """SQLite in a file. It locks as a whole: one transaction at a time, the others wait their turn.

    Args:
        path: The file.
        wait_seconds: How long a transaction waits for its turn.
    """

    row_locked: tuple[type[Exception], ...] = ()

    def __init__(self, path: str, wait_seconds: float) -> None:
        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(path, timeout=wait_seconds, isolation_level=None, check_same_thread=False)
            # One wait for the disk at a commit, instead of three. The file keeps the mode, and SQLite does not wait for its turn to
            # change it: where that is refused, another process that starts at the same time is changing it.
            with suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode = WAL")
            return connection

        self._connections = Connections(connect, sqlite3.OperationalError, wait_seconds)
        self.close = self._connections.close
        with self.transaction() as execute:
            for table in SCHEMA:
                execute(table.format(serial="INTEGER PRIMARY KEY"))

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        """Begin as a writer at once: two that have read and then both want to write would get in each other's way."""
        with self._connections.one() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:  # commits, or rolls back
                yield lambda sql, *values: connection.execute(sql.replace("%s", "?"), values).fetchall()


class PostgreSQL:
    """PostgreSQL, at its default isolation (read committed). It locks by the row.

    Args:
        url: `postgresql://user:password@host:port/database`.
        wait_seconds: How long a statement waits for a row that another transaction holds.
    """

    def __init__(self, url: str, wait_seconds: float) -> None:
        import psycopg

        def connect() -> psycopg.Connection:
            options = f"-c lock_timeout={max(1, round(1_000 * wait_seconds))}"
            return psycopg.connect(url, autocommit=True, connect_timeout=max(2, round(wait_seconds)), options=options)

        self.row_locked: tuple[type[Exception], ...] = (psycopg.errors.LockNotAvailable,)
        self._connections = Connections(connect, psycopg.OperationalError, wait_seconds)
        self.close = self._connections.close
        with self.transaction() as execute:
            execute(
                "SELECT pg_advisory_xact_lock(30)"
            )  # two processes that create one table can fail, IF NOT EXISTS or not
            for table in SCHEMA:
                execute(table.format(serial="BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"))

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        """Begin at the first statement, and commit when the block ends."""
        with self._connections.one() as connection, connection.transaction():

            def execute(sql: str, *values: object) -> list[tuple[Any, ...]]:
                cursor = connection.execute(sql, values)
                return cursor.fetchall() if cursor.description else []

            yield execute

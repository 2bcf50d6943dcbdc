"""Transactions on SQLite and PostgreSQL: an event is committed together with what it tells of."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, ClassVar, TypeAlias

Execute: TypeAlias = Callable[..., list[tuple[Any, ...]]]
"""`execute(sql, *values)` within a transaction: returns the rows; values stand as `%s` in the SQL."""

WAIT_SECONDS = 5


class Store(ABC):
    """A database with transactions. Its connections are kept for the next; one that has failed is not trusted again."""

    words: ClassVar[Mapping[str, str]]
    """What the dialect calls a number that counts itself, and bytes."""
    skip_locked: ClassVar[str]
    """What makes a query lock the rows that it finds, and leave out those that others have locked."""
    failures: tuple[type[Exception], ...]
    """What is raised when the database is down or busy."""

    def __init__(self) -> None:
        self._idle: list[Any] = []

    @abstractmethod
    def _connect(self) -> Any: ...

    @abstractmethod
    def _begin(self, connection: Any) -> AbstractContextManager[Execute]: ...

    @contextmanager
    def transaction(self) -> Iterator[Execute]:
        """Commit all that the block executes, or nothing if it raises. Raises one of `failures`."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            with self._begin(connection) as execute:
                yield execute
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def create(self, *tables: str) -> None:
        """Create tables and indexes that are not there yet; `{serial}` and `{bytes}` stand for the dialect's words."""
        with self.transaction() as execute:
            for table in tables:
                execute(table.format(**self.words))

    def close(self) -> None:
        """Close its connections; nobody may use any."""
        while self._idle:
            self._idle.pop().close()


class SQLite(Store):
    """SQLite in a file. It locks as a whole: one transaction at a time, the others wait their turn."""

    words: ClassVar = {"serial": "INTEGER PRIMARY KEY", "bytes": "BLOB"}
    skip_locked: ClassVar = ""
    failures: tuple[type[Exception], ...] = (sqlite3.Error,)

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def _connect(self) -> sqlite3.Connection:
        path = self._path
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        with suppress(sqlite3.OperationalError):  # the file keeps the mode; another process may be changing it just now
            connection.execute("PRAGMA journal_mode = WAL")
        return connection

    @contextmanager
    def _begin(self, connection: sqlite3.Connection) -> Iterator[Execute]:
        """Begin as a writer at once: two that have read and then both want to write would get in each other's way."""
        connection.execute("BEGIN IMMEDIATE")
        with connection:  # commits, or rolls back
            yield lambda sql, *values: connection.execute(sql.replace("%s", "?"), values).fetchall()


class PostgreSQL(Store):
    """PostgreSQL, at its default isolation (read committed). It locks by the row."""

    words: ClassVar = {"serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "bytes": "BYTEA"}
    skip_locked: ClassVar = "FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str) -> None:
        import psycopg

        super().__init__()
        self.failures = (psycopg.Error,)
        self._url = url

    def _connect(self) -> Any:
        import psycopg

        return psycopg.connect(self._url, autocommit=True, connect_timeout=WAIT_SECONDS)

    @contextmanager
    def _begin(self, connection: Any) -> Iterator[Execute]:
        def execute(sql: str, *values: object) -> list[tuple[Any, ...]]:
            cursor = connection.execute(sql, values)
            return cursor.fetchall() if cursor.description else []

        with connection.transaction():
            yield execute

    def create(self, *tables: str) -> None:
        """See `Store`; processes that create one table at the same time can fail, IF NOT EXISTS or not: they take turns."""
        super().create("SELECT pg_advisory_xact_lock(25)", *tables)


def open_store(url: str) -> Store:
    """Return the store at `postgresql://…` or `sqlite:///path`."""
    return SQLite(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else PostgreSQL(url)

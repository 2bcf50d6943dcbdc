"""Shards in SQLite files and in PostgreSQL databases."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sysdesign.storage.sharding.shard import Execute, Row, Shard, ShardDown, create_tables

if TYPE_CHECKING:
    import psycopg


class SqliteShard(Shard):
    """A shard in a SQLite file, which is opened for each transaction: it serves any number of threads and processes.

    Args:
        name: What the other shards call it.
        path: The file. Only `create` makes it: a file that is missing is a shard that is down, and not a new, empty one.
        patience_seconds: How long to wait for others who hold the file.
        synchronous: SQLite's setting of that name: what a loss of power may cost.
    """

    DOWN = frozenset(
        {
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_FULL,
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_NOTADB,
        }
    )

    def __init__(self, name: str, path: Path, patience_seconds: float = 5.0, synchronous: str = "FULL") -> None:
        super().__init__(name)
        self.path, self._patience, self._synchronous = path, patience_seconds, synchronous

    def create(self) -> None:
        """Make the shard where there is none, with its tables."""
        self.path.touch()
        with self.transaction() as execute:
            create_tables(execute)

    def transaction(self) -> AbstractContextManager[Execute]:
        """Write, all or nothing: begun as the writer that it is, so that it never has to give up half-way."""
        return self._session("BEGIN IMMEDIATE")

    def snapshot(self) -> AbstractContextManager[Execute]:
        """Read, all as of one moment."""
        return self._session("BEGIN")

    @contextmanager
    def _session(self, begin: str) -> Iterator[Execute]:
        where = f"{self.path.absolute().as_uri()}?mode=rw"
        try:
            with closing(sqlite3.connect(where, self._patience, isolation_level=None, uri=True)) as connection:
                connection.execute(f"PRAGMA synchronous = {self._synchronous}")
                connection.execute(begin)
                with connection:
                    yield lambda statement, *parameters: connection.execute(statement, parameters).fetchall()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in self.DOWN:
                raise ShardDown(self.name) from error
            raise


class PostgresShard(Shard):
    """A shard in a PostgreSQL database, over one connection: threads take turns, and a broken one is replaced at the next need.

    Args:
        name: What the other shards call it.
        url: The database, which exists.
    """

    for_share, for_update = " FOR SHARE", " FOR UPDATE"

    def __init__(self, name: str, url: str) -> None:
        super().__init__(name)
        self._url = url
        self._connection: psycopg.Connection | None = None
        self._one_at_a_time = threading.Lock()

    def create(self) -> None:
        """Make the shard where there is none, with its tables."""
        with self.transaction() as execute:
            create_tables(execute)

    def transaction(self) -> AbstractContextManager[Execute]:
        """Write, all or nothing."""
        return self._session("BEGIN")

    def snapshot(self) -> AbstractContextManager[Execute]:
        """Read, all as of one moment."""
        return self._session("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")

    @contextmanager
    def _session(self, begin: str) -> Iterator[Execute]:
        import psycopg

        with self._one_at_a_time:
            try:
                connection = self._begun(begin)
                yield lambda statement, *parameters: _rows(connection, statement, parameters)
                connection.execute("COMMIT")
            except psycopg.OperationalError as error:
                if self._connection is None or self._connection.closed:
                    raise ShardDown(self.name) from error
                raise
            finally:
                if self._connection is not None and not self._connection.closed:
                    self._connection.rollback()  # nothing, after a commit

    def _begun(self, begin: str) -> psycopg.Connection:
        """Begin a transaction: over a new connection if the one that was kept has broken since."""
        import psycopg

        if self._connection is not None and not self._connection.closed:
            try:
                self._connection.execute(begin.encode())
            except psycopg.OperationalError:
                self._connection.close()
            else:
                return self._connection
        self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=5)
        self._connection.execute(begin.encode())
        return self._connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()


def _rows(connection: psycopg.Connection, statement: str, parameters: tuple[Any, ...]) -> list[Row]:
    cursor = connection.execute(statement.replace("?", "%s").encode(), parameters)
    return cursor.fetchall() if cursor.description else []

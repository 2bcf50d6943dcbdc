"""SQLite and PostgreSQL behind one interface: statements, transactions, and the few words in which they differ.

A database is one connection, opened when it is first needed and again after it was lost. It belongs to one thread.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from .parts import Part

if TYPE_CHECKING:
    import psycopg

Row = tuple[Any, ...]


class Unavailable(Exception):  # noqa: N818 - what happened
    """The database cannot be reached, or its lock not be had in time; a commit that ends so may have been made."""


class Forbidden(Exception):  # noqa: N818 - what happened
    """The database does not let this role see or change that."""


class Database(ABC):
    """A connection, and the words of its dialect."""

    key: ClassVar[str]
    """The type of an id that is the table's key."""
    serial: ClassVar[str]
    """The type of a key that counts up and never gives a number twice, not even when all rows are gone."""
    begin: ClassVar[str]
    lock_rows: ClassVar[str]
    """Behind a SELECT: nobody else changes what was selected until the transaction ends."""

    def __init__(self) -> None:
        self._in_transaction = False

    @abstractmethod
    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement, with `?` for each parameter, and return its rows. Raises Unavailable, Forbidden."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection; the next statement opens another."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all that happens in the block happen, or nothing; a block inside a block is part of it."""
        if self._in_transaction:
            yield
            return
        self.rows(self.begin)
        self._in_transaction = True
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            with suppress(Exception):  # where the connection is lost, so is the transaction
                self.rows("ROLLBACK")
            raise
        finally:
            self._in_transaction = False

    def place(self, part: Part) -> str:
        """Return the part's table as CREATE TABLE must name it."""
        return part.table

    def can_reference(self, part: Part) -> bool:
        """Tell whether the part may have a foreign key to the others."""
        del part
        return True

    @abstractmethod
    def is_duplicate(self, error: Exception) -> bool:
        """Tell whether a statement failed because its key is taken."""

    @abstractmethod
    def lock_table(self, table: str) -> None:
        """Wait until no other transaction uses the table, and keep all from it until this one ends."""

    @abstractmethod
    def create_trigger(self, name: str, event: str, table: str, statements: Sequence[str]) -> None:
        """Run statements after each row that is changed by an INSERT, UPDATE or DELETE, in the change's transaction."""

    @abstractmethod
    def drop_trigger(self, name: str, table: str) -> None:
        """Run them no more."""


class SQLite(Database):
    """SQLite in one file, or in two: cold parts in a second one, attached.

    A transaction over attached files is atomic even if the machine fails in mid-commit, unless the journal is a
    write-ahead log: then it is atomic in each file, and a crash can leave the change in one of them alone
    (sqlite.org/lang_attach.html). No foreign key and no trigger reaches from file to file.

    Args:
        path: The file.
        cold: The file of the cold parts.
        journal: DELETE, a rollback journal, or WAL, a write-ahead log, in which readers go on beside a writer.
        wait_seconds: How long a statement waits for a lock.
    """

    key, serial = "INTEGER", "INTEGER PRIMARY KEY AUTOINCREMENT"
    begin, lock_rows = "BEGIN IMMEDIATE", ""  # a writer has the whole file

    def __init__(
        self, path: Path | str, cold: Path | str | None = None, journal: str = "DELETE", wait_seconds: float = 5.0
    ) -> None:
        super().__init__()
        self.path, self.cold, self.journal, self.wait_seconds = path, cold, journal, wait_seconds
        self._connection: sqlite3.Connection | None = None

    @property
    def files(self) -> dict[str, Path | str]:
        """The files by the names of their schemas."""
        return {"main": self.path, "cold": self.cold} if self.cold else {"main": self.path}

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, opened now if it is not open."""
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, self.wait_seconds, isolation_level=None)
        connection.execute("PRAGMA foreign_keys = ON")  # they are off, in each new connection
        if self.cold:
            connection.execute("ATTACH ? AS cold", (str(self.cold),))
        for schema in self.files:
            connection.execute(f"PRAGMA {schema}.journal_mode = {self.journal}")
        return connection

    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """See `Database`."""
        try:
            return self.connection.execute(statement, parameters).fetchall()
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
                raise Unavailable(str(error)) from error
            raise

    def close(self) -> None:
        """See `Database`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def place(self, part: Part) -> str:
        """See `Database`; elsewhere the name alone finds the table, in whichever file it is."""
        return f"cold.{part.table}" if self.cold and part.cold else part.table

    def can_reference(self, part: Part) -> bool:
        """See `Database`."""
        return not (self.cold and part.cold)

    def is_duplicate(self, error: Exception) -> bool:
        """See `Database`."""
        return getattr(error, "sqlite_errorname", "") in {"SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}

    def lock_table(self, table: str) -> None:
        """See `Database`; a transaction that has begun as a writer is alone already."""

    def create_trigger(self, name: str, event: str, table: str, statements: Sequence[str]) -> None:
        """See `Database`."""
        self.rows(f"CREATE TRIGGER {name} AFTER {event} ON {table} BEGIN {'; '.join(statements)}; END")

    def drop_trigger(self, name: str, table: str) -> None:
        """See `Database`."""
        del table
        self.rows(f"DROP TRIGGER {name}")


class PostgreSQL(Database):
    """PostgreSQL, at its default isolation (read committed).

    Args:
        url: `postgresql://role:password@host:port/database`.
        wait_seconds: How long a new connection may take, and a statement wait for a lock.
    """

    key, serial = "BIGINT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    begin, lock_rows = "BEGIN", "FOR UPDATE"

    def __init__(self, url: str, wait_seconds: float = 5.0) -> None:
        super().__init__()
        self.url, self.wait_seconds = url, wait_seconds
        self._connection: psycopg.Connection | None = None

    def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """See `Database`."""
        import psycopg

        try:
            if self._connection is None:
                self._connection = self._connect()
            cursor = self._connection.execute(statement.replace("%", "%%").replace("?", "%s").encode(), parameters)
            return cursor.fetchall() if cursor.description else []
        except psycopg.errors.InsufficientPrivilege as error:
            raise Forbidden(str(error)) from error
        except psycopg.errors.LockNotAvailable as error:
            raise Unavailable(str(error)) from error
        except psycopg.OperationalError as error:
            if self._connection is not None and not self._connection.closed:
                raise  # a deadlock, for example
            self._connection = None
            raise Unavailable(str(error)) from error

    def _connect(self) -> psycopg.Connection:
        import psycopg

        connection = psycopg.connect(self.url, autocommit=True, connect_timeout=max(2, round(self.wait_seconds)))
        connection.execute(f"SET lock_timeout = {max(1, round(1_000 * self.wait_seconds))}".encode())
        return connection

    def close(self) -> None:
        """See `Database`."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def is_duplicate(self, error: Exception) -> bool:
        """See `Database`."""
        return getattr(error, "sqlstate", "") == "23505"

    def lock_table(self, table: str) -> None:
        """See `Database`; who comes later waits behind us, so that we are not starved."""
        self.rows(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")

    def create_trigger(self, name: str, event: str, table: str, statements: Sequence[str]) -> None:
        """See `Database`; it waits for transactions that are changing the table, and no change slips in between."""
        body = f"BEGIN {'; '.join(statements)}; RETURN NULL; END"
        self.rows(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$")
        self.rows(f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")

    def drop_trigger(self, name: str, table: str) -> None:
        """See `Database`."""
        self.rows(f"DROP TRIGGER {name} ON {table}")
        self.rows(f"DROP FUNCTION {name}()")

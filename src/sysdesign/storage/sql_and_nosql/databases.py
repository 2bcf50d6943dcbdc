"""SQLite and PostgreSQL, as far as their SQL is not the same: connections, transactions, and what a refusal is called."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from .shop import Isolation, Refused, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

WAIT_SECONDS = 5.0
"""How long a transaction waits for another that is in its way."""


NOT_OF_THE_TYPE = sqlite3.SQLITE_CONSTRAINT | 12 << 8  # SQLITE_CONSTRAINT_DATATYPE, for which Python has no name


class Database(Protocol):
    """A connection to a database that speaks SQL; one thread at a time uses it."""

    integer: ClassVar[str]  # what a number of 64 bits is called
    table_options: ClassVar[str]

    def run(self, statement: str, *values: Any) -> Any:
        """Run one statement, with `?` for each value, and return its cursor. Values are never part of the SQL."""

    def script(self, statements: str) -> None:
        """Run several statements without values, in one transaction and one round trip."""

    def transact(self, work: Callable[[], None], isolation: Isolation) -> None:
        """Do the work in one transaction, again from its beginning where the database asks for that. Raises Refused."""

    def rule(self, error: Exception) -> Rule | None:
        """Return which rule an error speaks of, or nothing for another error."""

    def close(self) -> None:
        """Close the connection."""


@contextmanager
def refusals(database: Database) -> Iterator[None]:
    """Turn the database's own word for a broken rule into ours."""
    try:
        yield
    except Exception as error:
        if rule := database.rule(error):
            raise Refused(rule, str(error)) from error
        raise


class SQLite:
    """SQLite in a file. One transaction writes at a time, so each finds what the one before it has left.

    Args:
        path: The file.
    """

    integer: ClassVar[str] = "INTEGER"
    table_options: ClassVar[str] = "STRICT"  # without it a column keeps whatever comes, of any type

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not wait for each other
        self.connection.execute("PRAGMA foreign_keys = ON")  # off, and the references of the tables are only remarks

    def run(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(statement, values)

    def script(self, statements: str) -> None:
        """Run several statements."""
        self.connection.executescript(f"BEGIN IMMEDIATE; {statements}; COMMIT")

    def transact(self, work: Callable[[], None], isolation: Isolation) -> None:
        """Begin as the one writer, so nothing that the work reads can change meanwhile."""
        del isolation
        with refusals(self):
            self.run("BEGIN IMMEDIATE")
            with self.connection:  # commits, or rolls back
                work()

    def rule(self, error: Exception) -> Rule | None:
        """Tell by the extended result code (sqlite.org/rescode.html)."""
        if "has no column named" in str(error):
            return Rule.SHAPE
        return {
            sqlite3.SQLITE_CONSTRAINT_UNIQUE: Rule.UNIQUE,
            sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY: Rule.UNIQUE,
            sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: Rule.REFERENCE,
            sqlite3.SQLITE_CONSTRAINT_CHECK: Rule.CHECK,
            sqlite3.SQLITE_CONSTRAINT_NOTNULL: Rule.CHECK,
            NOT_OF_THE_TYPE: Rule.CHECK,
        }.get(getattr(error, "sqlite_errorcode", 0))

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


class PostgreSQL:
    """PostgreSQL. Transactions run side by side; what two of them cannot both have done is undone in one and tried again.

    Args:
        url: `postgresql://user:password@host:port/database`.
    """

    integer: ClassVar[str] = "BIGINT"
    table_options: ClassVar[str] = ""

    def __init__(self, url: str) -> None:
        import psycopg

        self.connection: Connection = psycopg.connect(url, autocommit=True, connect_timeout=round(WAIT_SECONDS))
        self._again = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
        levels = psycopg.IsolationLevel
        self._levels = {
            Isolation.SNAPSHOT: levels.REPEATABLE_READ,
            Isolation.SERIALIZABLE: levels.SERIALIZABLE,
        }

    def run(self, statement: str, *values: Any) -> Any:
        """Run one statement."""
        return self.connection.execute(statement.replace("%", "%%").replace("?", "%s").encode(), values)

    def script(self, statements: str) -> None:
        """Run several statements; sent together, they are one transaction."""
        self.connection.execute(statements.encode())

    def transact(self, work: Callable[[], None], isolation: Isolation) -> None:
        """Do the work until no other transaction is in its way (postgresql.org/docs/current/mvcc-serialization-failure-handling.html)."""
        self.connection.isolation_level = self._levels[isolation]
        while True:
            try:
                with refusals(self), self.connection.transaction():
                    work()
            except self._again:
                continue
            return

    def rule(self, error: Exception) -> Rule | None:
        """Tell by the SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html)."""
        return {
            "23505": Rule.UNIQUE,
            "23503": Rule.REFERENCE,
            "23514": Rule.CHECK,
            "23502": Rule.CHECK,  # not null
            "22P02": Rule.CHECK,  # not a text of that type
            "42804": Rule.CHECK,  # not a value of that type
            "42703": Rule.SHAPE,
        }.get(getattr(error, "sqlstate", None) or "")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

"""SQLite and PostgreSQL, as 14 (indexing) has them behind one interface, with what copies need: locks, and counted writes.

Builds on 14 indexing.
"""

# ruff: noqa: S608 - what is put into statements are names of tables, and ours

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, TypeAlias

from sysdesign.storage import indexing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

WAIT_SECONDS = 10.0
"""How long a transaction on SQLite waits for its turn."""


class SQLite(indexing.SQLite):
    """SQLite in a file. A transaction has the whole file for itself, readers go on with what was there before (WAL)."""

    shared = exclusive = ""  # behind a SELECT: holds the row until the transaction ends; here the file is held
    clustered = "WITHOUT ROWID"  # behind a table: its rows lie in the order of the primary key

    def __init__(self, path: str) -> None:
        connection = sqlite3.connect(path, timeout=WAIT_SECONDS, check_same_thread=False)
        super().__init__(connection)
        self.rows("PRAGMA journal_mode = WAL")
        self.rows("PRAGMA synchronous = NORMAL")

    def hold_off_writers(self) -> None:
        """Keep others from writing until this transaction ends: it has done so since its BEGIN."""

    def tables(self, question: str, *parameters: object) -> list[str]:
        """Return the tables that the plan of a question reads, each as often as it does."""
        plan = self.rows(f"EXPLAIN QUERY PLAN {question}", *parameters)
        known = {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        read = [re.match(r"(?:SCAN|SEARCH) (\w+)", step[3]) for step in plan]
        return sorted(found[1] for found in read if found and found[1] in known)

    def insert(self, table: str, columns: int, rows: Iterable[tuple[object, ...]]) -> None:
        """Insert many rows."""
        self.connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})", rows)

    def analyze(self) -> None:
        """Let the planner know what the tables hold."""
        self.rows("ANALYZE")

    def written(self, act: Callable[[], object]) -> int:
        """Return how many rows were inserted, updated and deleted meanwhile, by triggers too."""
        before = self.connection.total_changes
        act()
        return self.connection.total_changes - before


class PostgreSQL(indexing.PostgreSQL):
    """PostgreSQL at its default isolation (read committed)."""

    shared, exclusive = "FOR SHARE", "FOR UPDATE"
    clustered = ""

    def __init__(self, url: str) -> None:
        import psycopg

        super().__init__(psycopg.connect(url, autocommit=True))

    def hold_off_writers(self) -> None:
        """Wait for who has written to the source and not committed, and let nobody write to it until this transaction ends.

        Tables come in the order in which a withdrawal, which writes to several, goes through them: no deadlock.
        """
        self.rows("LOCK TABLE comments, posts, authors IN SHARE MODE")

    def tables(self, question: str, *parameters: object) -> list[str]:
        """Return the tables that the plan of a question reads, each as often as it does."""
        [(report,)] = self.rows(f"EXPLAIN (FORMAT JSON) {question}", *parameters)
        return sorted(re.findall(r"'Relation Name': '(\w+)'", str(report)))

    def insert(self, table: str, columns: int, rows: Iterable[tuple[object, ...]]) -> None:
        """Insert many rows."""
        statement = f"INSERT INTO {table} VALUES ({', '.join(['%s'] * columns)})"
        self.connection.cursor().executemany(statement.encode(), rows)

    def analyze(self) -> None:
        """Let the planner know what the tables hold, and which of their pages an index-only search need not visit."""
        tables = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        self.rows(f"VACUUM (ANALYZE) {', '.join(name for (name,) in tables)}")

    def written(self, act: Callable[[], object]) -> int:
        """Return how many rows were inserted, updated and deleted meanwhile, by triggers too."""
        counted = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"
        with self.transaction():
            [(before,)] = self.rows(counted)
            act()
            [(after,)] = self.rows(counted)
        return int(after - before)


Database: TypeAlias = SQLite | PostgreSQL


def connect(url: str) -> Database:
    """Open `sqlite:///path` or `postgresql://…`; its `connection` is to be closed by whoever asked for it."""
    path = url.removeprefix("sqlite:///")
    return PostgreSQL(url) if path == url else SQLite(path)

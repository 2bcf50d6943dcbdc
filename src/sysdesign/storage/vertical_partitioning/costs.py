"""What a split gains: how wide the parts are, what is read for a question, and what a change adds to the log.

Whether a split pays is counted before it is made, and after. PostgreSQL tells its costs itself. SQLite has an authorizer,
which is asked for each table, but does not count pages: those of an answer are found by spoiling, in a copy of the file,
one page after the other. An answer that fails has read that page.
"""

# ruff: noqa: S608 - names in statements are declared in parts.py
from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias, cast

from .databases import Database, PostgreSQL, Row, SQLite
from .parts import Part
from .users import Users

Ask: TypeAlias = Callable[[Users], Any]
"""Asks users a question, or changes them: those that it is given, which may be copies."""

POINTER_BYTES = 4  # PostgreSQL: in the page, to the row
CELL_BYTES = 8  # SQLite: pointer, lengths and id; and about one for each column
FIRST_PAGE_AT = 100  # bytes: in front of the first page's own header stands the file's
SPOILED = b"\xff"  # no kind of page


def row_bytes(database: Database, part: Part) -> float:
    """Return what a row of a part takes on average, with what the engine puts around the values."""
    if isinstance(database, SQLite):
        values = " + ".join(f"coalesce(length(CAST({name} AS BLOB)), 0)" for name in part.columns)
        [(size,)] = database.rows(f"SELECT avg({values}) FROM {part.table}")
        return float(size) + CELL_BYTES + len(part.columns)
    [(size,)] = database.rows(f"SELECT avg(pg_column_size({part.table}.*))::float8 FROM {part.table}")
    return float(size) + POINTER_BYTES


def tables_read(users: Users, ask: Ask) -> set[str]:
    """Return the tables that the engine reads for an answer."""
    if isinstance(users.database, SQLite):
        return _authorized(users.database.connection, lambda: ask(users))
    scans = "SELECT relname, seq_scan + idx_scan FROM pg_stat_xact_user_tables WHERE schemaname = current_schema()"
    with users.database.transaction():
        before: dict[str, int] = dict(users.database.rows(scans))
        ask(users)
        return {table for table, count in users.database.rows(scans) if count > before.get(table, 0)}


def bytes_read(users: Users, ask: Ask) -> int:
    """Return the bytes of the pages that the engine reads for an answer, from its cache or from the disk."""
    if isinstance(users.database, SQLite):
        return _needed(users, users.database, ask)
    [(page_bytes,)] = users.database.rows("SELECT current_setting('block_size')::int")
    pages = sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in _plans(users, ask))
    return int(pages * page_bytes)


def bytes_logged(users: Users, change: Ask) -> int:
    """Return the bytes that a change adds to the write-ahead log; SQLite must have one (`journal="WAL"`)."""
    if isinstance(users.database, SQLite):
        log = Path(f"{users.database.path}-wal")
        before = log.stat().st_size
        change(users)
        return log.stat().st_size - before
    return int(sum(plan["WAL Bytes"] for plan in _plans(users, change)))


def _plans(users: Users, ask: Ask) -> list[dict[str, Any]]:
    """Return what PostgreSQL tells of the plan of each statement, and what it cost when it was run once more."""
    told = []

    class Explaining(PostgreSQL):
        def rows(self, statement: str, *parameters: Any) -> list[Row]:
            answer = super().rows(statement, *parameters)  # the first time it also looks up pages of the catalogue
            if statement.startswith(("SELECT", "UPDATE")):
                [(report,)] = super().rows(f"EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) {statement}", *parameters)
                told.append(report[0]["Plan"])
            return answer

    with closing(Explaining(cast("PostgreSQL", users.database).url)) as explaining:
        ask(type(users)(explaining, users.parts))
    return told


def _authorized(connection: sqlite3.Connection, ask: Callable[[], Any]) -> set[str]:
    tables = set()

    def note(action: int, table: str | None, *_: Any) -> int:
        if action == sqlite3.SQLITE_READ and table:
            tables.add(table)
        return sqlite3.SQLITE_OK

    connection.set_authorizer(note)  # it is asked when a statement is compiled: all are compiled anew
    try:
        ask()
    finally:
        connection.set_authorizer(None)
    return tables


def _needed(users: Users, database: SQLite, ask: Ask) -> int:
    [(page_bytes,)] = database.rows("PRAGMA page_size")
    needed = 0
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(shutil.copy(path, Path(folder) / name)) for name, path in database.files.items()]
        for file in files:
            for page in range(0, file.stat().st_size, page_bytes):
                with _spoiled(file, page or FIRST_PAGE_AT), closing(_open(files)) as spoiled:
                    needed += _fails(ask, type(users)(spoiled, users.parts))
    return int(page_bytes) * needed


@contextmanager
def _spoiled(file: Path, at: int) -> Iterator[None]:
    with file.open("r+b", buffering=0) as opened:
        sound = os.pread(opened.fileno(), 1, at)
        os.pwrite(opened.fileno(), SPOILED, at)
        try:
            yield
        finally:
            os.pwrite(opened.fileno(), sound, at)


def _open(files: list[Path]) -> SQLite:
    return SQLite(files[0], files[1] if len(files) > 1 else None)


def _fails(ask: Ask, users: Users) -> bool:
    try:
        ask(users)
    except sqlite3.DatabaseError:
        return True
    return False

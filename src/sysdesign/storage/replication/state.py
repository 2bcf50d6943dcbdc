"""The state: a SQLite file that holds what came of the log, and up to which entry."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from sysdesign.storage.replication.log import Entry, Mark

_SCHEMA = """
CREATE TABLE IF NOT EXISTS data (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS applied (epoch INTEGER NOT NULL, position INTEGER NOT NULL);
INSERT INTO applied SELECT 0, 0 WHERE NOT EXISTS (SELECT * FROM applied);
"""


class State:
    """A node's data. The caller sees to it that one thread at a time uses it.

    SQLite may forget its last commits when the power fails (`synchronous = NORMAL`): the log still has them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)
        self.mark = self._mark()

    def _mark(self) -> Mark:
        return Mark(*self._database.execute("SELECT epoch, position FROM applied").fetchone())

    def apply(self, entries: Iterable[Entry]) -> None:
        """Apply entries in their order, all or none of them; those that it holds already change nothing."""
        new = [entry for entry in entries if entry.position > self.mark.position]
        if not new:
            return
        self._database.execute("BEGIN")
        self._database.executemany(
            "INSERT OR REPLACE INTO data VALUES (?, ?)", [(entry.key, entry.value) for entry in new]
        )
        self._database.execute("UPDATE applied SET epoch = ?, position = ?", new[-1].mark)
        self._database.execute("COMMIT")
        self.mark = new[-1].mark

    def read(self, key: str) -> str | None:
        """Return the value of a key, None if it has none."""
        row = self._database.execute("SELECT value FROM data WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def snapshot(self) -> bytes:
        """Return a copy of the whole database as of one moment; on a connection of its own, so that it may run beside writes."""
        with (
            tempfile.TemporaryDirectory(dir=self._path.parent) as folder,
            closing(sqlite3.connect(self._path)) as reader,
        ):
            copy = Path(folder) / "snapshot.sqlite"
            reader.execute("VACUUM INTO ?", (str(copy),))
            return copy.read_bytes()

    def install(self, snapshot: bytes) -> None:
        """Become what the snapshot is, in one transaction."""
        with tempfile.TemporaryDirectory(dir=self._path.parent) as folder:
            copy = Path(folder) / "snapshot.sqlite"
            copy.write_bytes(snapshot)
            with closing(sqlite3.connect(copy)) as source:
                source.backup(self._database)
        self.harden()
        self.mark = self._mark()

    def harden(self) -> None:
        """Bring all that was applied to the disk itself."""
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

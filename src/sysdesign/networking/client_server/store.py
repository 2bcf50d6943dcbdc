"""Where notes are kept. The server itself remembers nothing between two requests: so any number of servers can share one store."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, Protocol

# With AUTOINCREMENT the number of a note that was removed is not given to another one.
TABLE = "CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)"
BUSY_SECONDS = 5.0  # for which one waits while another process writes


class Note(NamedTuple):
    """A note, and the number by which it can be removed."""

    number: int
    text: str


class Notes(Protocol):
    """What the server needs of a store."""

    def all(self) -> list[Note]:
        """Return all notes, the newest first."""

    def add(self, text: str) -> Note:
        """Keep a note and give it a number."""

    def remove(self, number: int) -> None:
        """Remove a note; one that is gone already is no error."""


class SqliteNotes:
    """Notes in a SQLite database, which any number of threads and processes of one machine can share.

    Args:
        path: The file. What `add` has returned from is in it, also if the process dies.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        with self._transaction() as database:
            database.execute("PRAGMA journal_mode = WAL")  # readers don't wait for a writer
            database.execute(TABLE)

    def all(self) -> list[Note]:
        """See `Notes`."""
        with self._transaction() as database:
            return [Note(*row) for row in database.execute("SELECT number, text FROM notes ORDER BY number DESC")]

    def add(self, text: str) -> Note:
        """See `Notes`."""
        with self._transaction() as database:
            row = database.execute("INSERT INTO notes (text) VALUES (?) RETURNING number, text", (text,)).fetchone()
        return Note(*row)

    def remove(self, number: int) -> None:
        """See `Notes`."""
        with self._transaction() as database:
            database.execute("DELETE FROM notes WHERE number = ?", (number,))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what the block does, or nothing of it. The connection is opened for it: none is carried into another process."""
        database = sqlite3.connect(self._path, timeout=BUSY_SECONDS)
        try:
            with database:
                yield database
        finally:
            database.close()


class MemoryNotes:
    """Notes in the memory of one process: gone with it, and unknown to every other. Here as the bad example."""

    def __init__(self) -> None:
        self._notes: dict[int, Note] = {}
        self._numbers = itertools.count(1)
        self._one_at_a_time = threading.Lock()

    def all(self) -> list[Note]:
        """See `Notes`."""
        with self._one_at_a_time:
            return list(reversed(self._notes.values()))

    def add(self, text: str) -> Note:
        """See `Notes`."""
        with self._one_at_a_time:
            note = Note(next(self._numbers), text)
            self._notes[note.number] = note
        return note

    def remove(self, number: int) -> None:
        """See `Notes`."""
        with self._one_at_a_time:
            self._notes.pop(number, None)

"""Effectively once: what has been done is noted in the transaction of the effect itself, under the message's id."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from .queue import Message

PATIENCE_SECONDS = 30.0


class Inbox:
    """Remembers which messages have had their effect.

    The broker delivers at least once; no broker can know whether the work of a consumer that fell silent was done. The
    consumer's own database can: effect and note are there together, or neither is.

    Args:
        path: The SQLite database of the effects; several processes may use it.
    """

    def __init__(self, path: Path | str) -> None:
        self.connection = sqlite3.connect(path, timeout=PATIENCE_SECONDS, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("CREATE TABLE IF NOT EXISTS handled (id TEXT PRIMARY KEY) WITHOUT ROWID")

    def once(self, message: Message, act: Callable[[sqlite3.Connection, Message], object]) -> bool:
        """Let the message have its effect if it has had none; return whether it had it now. A failed effect is not noted."""
        with self.connection:  # commits, or rolls back
            self.connection.execute("BEGIN IMMEDIATE")
            noted = self.connection.execute("INSERT OR IGNORE INTO handled VALUES (?)", [message.id])
            if noted.rowcount == 0:
                return False
            act(self.connection, message)
        return True

    def close(self) -> None:
        """Close the database."""
        self.connection.close()

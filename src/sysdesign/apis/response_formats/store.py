"""Where documents are kept: in SQLite, as they were understood and not as they were written."""

from __future__ import annotations

import json
import sqlite3
import threading
from typing import Any

TABLE = "CREATE TABLE IF NOT EXISTS documents (kind TEXT, number INTEGER, document TEXT, PRIMARY KEY (kind, number))"


class Store:
    """Documents by their kind and number.

    Args:
        path: The file; what `put` has returned from is in it, also if the process dies.
    """

    def __init__(self, path: str) -> None:
        self._turn = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(TABLE)

    def put(self, kind: str, number: int, document: Any) -> bool:
        """Keep a document; return whether there was none of that number."""
        text = json.dumps(document)
        with self._turn, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            new = self._get(kind, number) is None
            self._database.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, number, text))
        return new

    def get(self, kind: str, number: int) -> Any:
        """Return a document. Raises KeyError."""
        with self._turn:
            found = self._get(kind, number)
        if found is None:
            raise KeyError(number)
        return json.loads(found[0])

    def _get(self, kind: str, number: int) -> Any:
        query = "SELECT document FROM documents WHERE kind = ? AND number = ?"
        return self._database.execute(query, (kind, number)).fetchone()

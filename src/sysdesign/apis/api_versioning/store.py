"""The rows of all versions, in SQLite: servers of several releases may have the file open at once.

A release adds the columns that it is missing, and takes none away: a column goes when the last release that uses it has gone.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from typing import Any

LISTED = 5_000
"""How many users a list has at most."""


class Store:
    """Users by their id.

    Args:
        path: The file; what `put` has returned from is in it, also if the process dies.
        columns: Those that this release knows, beside the id.
    """

    def __init__(self, path: str, columns: Sequence[str]) -> None:
        self._turn = threading.Lock()
        self._columns = columns
        self._database = sqlite3.connect(path, timeout=30.0, isolation_level=None, check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")  # two servers that start at once add a column once
            self._expand()

    def _expand(self) -> None:
        self._database.execute("CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL)")
        present = {row["name"] for row in self._database.execute("PRAGMA table_info (users)")}
        for column in self._columns:
            if column not in present:
                self._database.execute(f"ALTER TABLE users ADD COLUMN {column} TEXT")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def put(self, user: str, values: Mapping[str, Any]) -> bool:
        """Set columns of a user, and no others; return whether it is a new one. Raises ValueError for an unknown column."""
        if not values.keys() <= set(self._columns):
            raise ValueError(f"unknown among {sorted(values)}")
        names = ", ".join(values)
        changes = ", ".join(f"{name} = excluded.{name}" for name in values)
        insert = f"INSERT INTO users (id, {names}) VALUES (?{', ?' * len(values)})"  # noqa: S608 - names that we know
        with self._turn, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            new = not self._select("WHERE id = ?", user)
            self._database.execute(f"{insert} ON CONFLICT (id) DO UPDATE SET {changes}", (user, *values.values()))
        return new

    def get(self, user: str) -> dict[str, Any]:
        """Return a user's row. Raises KeyError."""
        with self._turn:
            rows = self._select("WHERE id = ?", user)
        if not rows:
            raise KeyError(user)
        return rows[0]

    def all(self) -> list[dict[str, Any]]:
        """Return the first users by their ids."""
        with self._turn:
            return self._select("ORDER BY id LIMIT ?", LISTED)

    def _select(self, which: str, value: object) -> list[dict[str, Any]]:
        # By name: a row may have columns of a later release.
        query = f"SELECT id, {', '.join(self._columns)} FROM users {which}"  # noqa: S608 - names and clauses of our own
        return [dict(row) for row in self._database.execute(query, (value,))]

"""Users, of whom nobody need know that their columns lie in several parts.

A question names its columns. Only the parts that hold them are read; `SELECT *` would touch them all, and would come
back with each column that is added. A change of several parts is one transaction.
"""

# ruff: noqa: S608 - names in statements are declared in parts.py, and checked; values are parameters
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .databases import Database, Row
from .parts import PARTS, Part, check


class NoSuchUser(LookupError):  # noqa: N818 - what happened
    """There is no user with this id; nothing was changed."""


class UserExists(Exception):  # noqa: N818 - what happened
    """There is a user with this id already; nothing was changed."""


class Answer(NamedTuple):
    """What was found: values by their columns, and the columns that could not be had now."""

    values: dict[str, Any]
    missing: tuple[str, ...] = ()


class Users:
    """The facade over parts that one transaction reaches. With `WIDE` for its only part it is the table before the split.

    Args:
        database: Where the parts lie.
        parts: The parts; the others' keys refer to the first one's.
    """

    def __init__(self, database: Database, parts: Sequence[Part] = PARTS) -> None:
        self.database, self.parts = database, parts

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns of a user, without the id."""
        return tuple(name for part in self.parts for name in part.columns)

    def create_tables(self) -> None:
        """Create the parts that do not exist."""
        first, *_ = self.parts
        for part in self.parts:
            refers = part is not first and self.database.can_reference(part)
            reference = f"REFERENCES {first.table} (id) ON DELETE CASCADE" if refers else ""
            columns = ", ".join(f"{name} {kind}" for name, kind in part.columns.items())
            table = self.database.place(part)
            self.database.rows(
                f"CREATE TABLE IF NOT EXISTS {table} (id {self.database.key} PRIMARY KEY {reference}, {columns})"
            )

    def add(self, user: int, **values: Any) -> None:
        """Add a user, with a row in each part; a column without a value is NULL. Raises UserExists, UnknownColumn."""
        check(values, self.parts)
        try:
            with self.database.transaction():
                for part in self.parts:
                    given = _of(part, values)
                    marks = ", ".join("?" for _ in range(1 + len(given)))
                    names = ", ".join(("id", *given))
                    self.database.rows(f"INSERT INTO {part.table} ({names}) VALUES ({marks})", user, *given.values())
        except Exception as error:
            if self.database.is_duplicate(error):
                raise UserExists(f"user {user}") from error
            raise

    def read(self, user: int, *columns: str) -> Answer:
        """Return some of a user's columns. Raises NoSuchUser, UnknownColumn."""
        rows = self.database.rows(f"{self._select(columns)} WHERE id = ?", user)
        if not rows:
            raise NoSuchUser(f"user {user}")
        return Answer(dict(zip(columns, rows[0][1:], strict=True)))

    def read_whole(self, user: int) -> Answer:
        """Return all of a user's columns, joined from all parts. Raises NoSuchUser."""
        return self.read(user, *self.columns)

    def scan(self, *columns: str) -> list[Row]:
        """Return the id and some columns of all users. Raises UnknownColumn."""
        return self.database.rows(self._select(columns))

    def update(self, user: int, **values: Any) -> None:
        """Change some of a user's columns, in the parts that hold them. Raises NoSuchUser, UnknownColumn."""
        check(values, self.parts)
        with self.database.transaction():
            for part in self._parts_of(values):
                given = _of(part, values)
                assignments = ", ".join(f"{name} = ?" for name in given)
                statement = f"UPDATE {part.table} SET {assignments} WHERE id = ? RETURNING id"
                if not self.database.rows(statement, *given.values(), user):
                    raise NoSuchUser(f"user {user}")

    def remove(self, user: int) -> None:
        """Remove a user from each part, in the order in which the others lock them. Raises NoSuchUser.

        Where there is a foreign key it has removed the other rows with the first one; where there is none, we do.
        """
        with self.database.transaction():
            found = [
                self.database.rows(f"DELETE FROM {part.table} WHERE id = ? RETURNING id", user) for part in self.parts
            ]
            if not found[0]:
                raise NoSuchUser(f"user {user}")

    def grant_reading(self, role: str, *parts: Part) -> None:
        """Let a role of PostgreSQL read these parts; a part that it was not granted is closed to it."""
        for part in parts:
            self.database.rows(f'GRANT SELECT ON {part.table} TO "{role}"')

    def _select(self, columns: Sequence[str]) -> str:
        """Return the question for these columns, to the parts that hold them and to no other."""
        check(columns, self.parts)
        first, *others = self._parts_of(columns) or self.parts[:1]
        joins = "".join(f" JOIN {part.table} USING (id)" for part in others)
        return f"SELECT {', '.join(('id', *columns))} FROM {first.table}{joins}"

    def _parts_of(self, columns: Iterable[str]) -> list[Part]:
        wanted = set(columns)
        return [part for part in self.parts if wanted & part.columns.keys()]


def _of(part: Part, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the values that lie in a part."""
    return {name: value for name, value in values.items() if name in part.columns}

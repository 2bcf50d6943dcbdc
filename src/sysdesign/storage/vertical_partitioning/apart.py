"""Users whose cold part lies in another database, where no transaction and no foreign key reaches it.

A change of the cold part is first noted in an outbox, in the transaction that changes the hot part, and then brought
over. Whoever dies in between leaves a note behind, and the next one to come brings it over. Each user's notes are
numbered in the order of the changes; the cold database keeps, in the transaction of the change, the number up to which
it has each user. So a note may be brought twice, late, or by several at once: what is old news is not applied.
"""

# ruff: noqa: S608 - names in statements are declared in parts.py, and checked; values are parameters
from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from .databases import Database, Unavailable
from .parts import ACCOUNT, PROFILE, SECRET, Part, check
from .users import Answer, NoSuchUser, Users

BATCH = 100  # notes


class UsersApart:
    """The facade over parts in two databases: the same promises as `Users`, but the cold part may lag behind.

    Args:
        hot: The database of the hot and the secret part, and of the outbox.
        cold: The database of the cold part.
    """

    def __init__(self, hot: Database, cold: Database) -> None:
        self.hot, self.cold, self.part = hot, cold, PROFILE
        self.near = Users(hot, (ACCOUNT, SECRET))
        self._parts: tuple[Part, ...] = (*self.near.parts, self.part)

    def create_tables(self) -> None:
        """Create what does not exist: the parts, the outbox, and the memory of what was brought over."""
        self.near.create_tables()
        Users(self.cold, (self.part,)).create_tables()
        self.hot.rows(
            f"CREATE TABLE IF NOT EXISTS user_outbox (number {self.hot.serial}, id BIGINT NOT NULL, change TEXT NOT NULL)"
        )
        self.cold.rows(
            f"CREATE TABLE IF NOT EXISTS user_delivered (id {self.cold.key} PRIMARY KEY, number BIGINT NOT NULL)"
        )

    def add(self, user: int, **values: Any) -> None:
        """Add a user; its cold part comes as soon as the cold database can be reached. Raises UserExists, UnknownColumn."""
        near, far = self._divide(values)
        with self.hot.transaction():
            self.near.add(user, **near)
            self._note(user, far)
        self._deliver_if_possible()

    def read(self, user: int, *columns: str) -> Answer:
        """Return some of a user's columns, and say which cannot be had now. Raises NoSuchUser, UnknownColumn.

        Hot columns take one statement, to the hot database. For a cold one, what waits in the outbox is brought over
        first: who changes a user and then reads sees the change.
        """
        near, far = self._divide(dict.fromkeys(columns))
        found = self.near.read(user, *near).values
        if far:
            with suppress(Unavailable):
                self.deliver()
                names = ", ".join(far)
                rows = self.cold.rows(f"SELECT {names} FROM {self.part.table} WHERE id = ?", user)
                found |= dict(zip(far, rows[0], strict=True)) if rows else {}
        missing = tuple(name for name in columns if name not in found)
        return Answer({name: found[name] for name in columns if name in found}, missing)

    def read_whole(self, user: int) -> Answer:
        """Return all of a user's columns, from both databases, as far as they can be had. Raises NoSuchUser."""
        return self.read(user, *(name for part in self._parts for name in part.columns))

    def update(self, user: int, **values: Any) -> None:
        """Change some of a user's columns, the cold ones as soon as possible. Raises NoSuchUser, UnknownColumn."""
        near, far = self._divide(values)
        with self.hot.transaction():
            lock = f"SELECT id FROM {ACCOUNT.table} WHERE id = ? {self.hot.lock_rows}"
            if not self.hot.rows(lock, user):  # locked, or numbers would not be in the order of the changes
                raise NoSuchUser(f"user {user}")
            self.near.update(user, **near)
            if far:
                self._note(user, far)
        if far:
            self._deliver_if_possible()

    def remove(self, user: int) -> None:
        """Remove a user, its cold part as soon as possible. Raises NoSuchUser."""
        with self.hot.transaction():
            self.near.remove(user)
            self._note(user, None)
        self._deliver_if_possible()

    def deliver(self) -> None:
        """Bring over what waits in the outbox, oldest first. Raises Unavailable.

        Called behind each change, and by a job that runs now and then for those that nobody comes after. It may be
        killed at any moment, and run anywhere, any number of times.
        """
        waiting = f"SELECT number, id, change FROM user_outbox ORDER BY number LIMIT {BATCH}"
        while notes := self.hot.rows(waiting):
            for number, user, change in notes:
                self._apply(number, user, json.loads(change))
                self.hot.rows("DELETE FROM user_outbox WHERE number = ?", number)

    def _deliver_if_possible(self) -> None:
        with suppress(Unavailable):  # the change is made; its note waits
            self.deliver()

    def _note(self, user: int, change: Mapping[str, Any] | None) -> None:
        """Note new values, or None for a removal; behind the change of the hot part, which holds the user's lock."""
        self.hot.rows("INSERT INTO user_outbox (id, change) VALUES (?, ?)", user, json.dumps(change))

    def _apply(self, number: int, user: int, change: dict[str, Any] | None) -> None:
        """Make the change that was noted, unless this or a later one of the user was made before.

        The memory of a removed user stays: without it, a removal could be overtaken by what was noted before it.
        """
        with self.cold.transaction():
            news = self.cold.rows(
                """INSERT INTO user_delivered (id, number) VALUES (?, ?)
                ON CONFLICT (id) DO UPDATE SET number = excluded.number
                WHERE user_delivered.number < excluded.number RETURNING id""",
                user,
                number,
            )
            if news and change is None:
                self.cold.rows(f"DELETE FROM {self.part.table} WHERE id = ?", user)
            elif news:
                self._put(user, change or {})

    def _put(self, user: int, values: Mapping[str, Any]) -> None:
        check(values, (self.part,))
        marks = ", ".join("?" for _ in range(1 + len(values)))
        taken = ", ".join(f"{name} = excluded.{name}" for name in ("id", *values))
        self.cold.rows(
            f"INSERT INTO {self.part.table} ({', '.join(('id', *values))}) VALUES ({marks}) "
            f"ON CONFLICT (id) DO UPDATE SET {taken}",
            user,
            *values.values(),
        )

    def _divide(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tell near columns from far ones. Raises UnknownColumn."""
        check(values, self._parts)
        far = {name: value for name, value in values.items() if name in self.part.columns}
        return {name: value for name, value in values.items() if name not in far}, far

"""Splitting a wide table while it is read and written.

1. `announce` makes the signpost that says where users are, and `MovingUsers` is deployed everywhere: it follows it.
2. `prepare` makes the parts, and triggers that from now on put every change of the wide table into them, too.
3. `copy` brings over the rows that were there before, batch by batch: each batch is a short transaction.
4. `switch` turns the signpost. It waits for transactions that are under way, and those that come wait for it.

Each step is a transaction that notes how far it came: whoever is killed is simply run again. Afterwards `Users` takes the
place of `MovingUsers`; the wide table is kept under another name, so that whoever bypasses the facade fails aloud.
"""

# ruff: noqa: S608 - names in statements are declared in parts.py, and checked; values are parameters
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from .databases import Database
from .parts import PARTS, WIDE, Part
from .users import Answer, Users

KEPT = "users_before_the_split"
EVENTS = ("INSERT", "UPDATE", "DELETE")


class OutOfStep(Exception):  # noqa: N818 - what happened
    """The parts do not hold what the wide table holds; the switch was not made."""


class MovingUsers:
    """The facade while the table is being split: each call is a transaction, which finds the users where they are."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._places = {"wide": Users(database, (WIDE,)), "parts": Users(database)}

    @contextmanager
    def _users(self) -> Iterator[Users]:
        with self.database.transaction():
            [(place,)] = self.database.rows("SELECT place FROM user_signpost")  # the switch now waits for us
            yield self._places[place]

    def add(self, user: int, **values: Any) -> None:
        """See `Users.add`."""
        with self._users() as users:
            users.add(user, **values)

    def read(self, user: int, *columns: str) -> Answer:
        """See `Users.read`."""
        with self._users() as users:
            return users.read(user, *columns)

    def read_whole(self, user: int) -> Answer:
        """See `Users.read_whole`."""
        with self._users() as users:
            return users.read_whole(user)

    def update(self, user: int, **values: Any) -> None:
        """See `Users.update`."""
        with self._users() as users:
            users.update(user, **values)

    def remove(self, user: int) -> None:
        """See `Users.remove`."""
        with self._users() as users:
            users.remove(user)


class Migration:
    """The way of a wide table into parts. One process at a time runs it.

    Args:
        database: Where the wide table lies, and the parts will.
        batch: How many rows are copied, and kept from being changed, at once.
        parts: The parts.
    """

    def __init__(self, database: Database, batch: int = 1_000, parts: Sequence[Part] = PARTS) -> None:
        self.database, self.batch, self.parts = database, batch, parts

    def run(self) -> None:
        """Take all steps that are still to be taken. Raises OutOfStep."""
        self.announce()
        self.prepare()
        while self.copy():
            pass
        self.switch()

    def announce(self) -> None:
        """Make the signpost, if there is none."""
        with self.database.transaction():
            self.database.rows(
                "CREATE TABLE IF NOT EXISTS user_signpost (number BIGINT PRIMARY KEY, place TEXT NOT NULL)"
            )
            self.database.rows("INSERT INTO user_signpost VALUES (1, 'wide') ON CONFLICT DO NOTHING")

    def prepare(self) -> None:
        """Make the parts and the triggers, if they are not made."""
        with self.database.transaction():
            self.database.rows("CREATE TABLE IF NOT EXISTS user_copy (copied_to BIGINT NOT NULL)")
            if self.database.rows("SELECT * FROM user_copy"):
                return
            Users(self.database, self.parts).create_tables()
            for event, statements in zip(EVENTS, self._reactions(), strict=True):
                self.database.create_trigger(f"split_{event.lower()}", event, WIDE.table, statements)
            lowest = f"SELECT coalesce(min(id), 0) - 1 FROM {WIDE.table}"
            self.database.rows(f"INSERT INTO user_copy {lowest}")

    def _reactions(self) -> tuple[list[str], list[str], list[str]]:
        """Return what each event puts into the parts; an id may change, to one that the copying has passed already."""
        insert = [
            f"INSERT INTO {part.table} (id, {', '.join(part.columns)}) "
            f"VALUES (NEW.id, {', '.join(f'NEW.{name}' for name in part.columns)})"
            for part in self.parts
        ]
        delete = [f"DELETE FROM {part.table} WHERE id = OLD.id" for part in self.parts]
        return insert, [*delete, *insert], delete

    def copy(self) -> bool:
        """Copy the next rows, and tell whether there were any.

        They are locked while they are copied. Otherwise a row could be seen here, then removed with all its parts, and then
        put into the parts again. What a trigger has put into the parts is newer than what is copied, and stays.
        """
        with self.database.transaction():
            if self._switched():
                return False
            [(begin,)] = self.database.rows("SELECT copied_to FROM user_copy")
            ids = f"SELECT id FROM {WIDE.table} WHERE id > ? ORDER BY id LIMIT ?"
            [(end,)] = self.database.rows(f"SELECT max(id) FROM ({ids}) AS next_ids", begin, self.batch)
            if end is None:
                return False
            for part in self.parts:
                names = ", ".join(("id", *part.columns))
                self.database.rows(
                    f"INSERT INTO {part.table} ({names}) SELECT {names} FROM {WIDE.table} WHERE id > ? AND id <= ? "
                    f"ORDER BY id {self.database.lock_rows} ON CONFLICT (id) DO NOTHING",
                    begin,
                    end,
                )
            self.database.rows("UPDATE user_copy SET copied_to = ?", end)
            return True

    def switch(self) -> None:
        """Let the parts be the users, once they hold the same. Raises OutOfStep."""
        if self._switched():
            return
        if astray := self._out_of_step():  # nobody waits meanwhile: the triggers keep in step what is in step
            raise OutOfStep(f"{astray} users differ")
        with self.database.transaction():
            self.database.lock_table("user_signpost")
            self.database.lock_table(WIDE.table)
            for event in EVENTS:
                self.database.drop_trigger(f"split_{event.lower()}", WIDE.table)
            self.database.rows(f"ALTER TABLE {WIDE.table} RENAME TO {KEPT}")
            self.database.rows("UPDATE user_signpost SET place = 'parts'")

    def _switched(self) -> bool:
        return self.database.rows("SELECT place FROM user_signpost") == [("parts",)]

    def _out_of_step(self) -> int:
        """Count the rows that are in the wide table and not in the parts, or the other way round."""
        names = ", ".join(("id", *WIDE.columns))
        first, *others = (part.table for part in self.parts)
        wide, parts = f"SELECT {names} FROM {WIDE.table}", f"SELECT {names} FROM {first}"
        parts += "".join(f" JOIN {table} USING (id)" for table in others)
        counts = [
            self.database.rows(f"SELECT count(*) FROM ({one} EXCEPT {other}) AS astray")[0][0]
            for one, other in ((wide, parts), (parts, wide))
        ]
        counts += [
            self.database.rows(f"SELECT count(*) FROM {part.table} WHERE id NOT IN (SELECT id FROM {WIDE.table})")[0][0]
            for part in self.parts
        ]
        return int(sum(counts))

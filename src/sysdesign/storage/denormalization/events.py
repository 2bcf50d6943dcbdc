"""Keeping copies in step by events: changes go to an outbox with the source, and a consumer takes them from there.

The copies may then live elsewhere, and be late; an event may come twice, and behind a later one. So each event has a
position, which is the version of what it tells about: a consumer that knows of a later one lets it pass.
"""

# ruff: noqa: S608 - what is put into statements are names of tables, and ours

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from .blog import Change
from .pages import Pages, Reach, Step

if TYPE_CHECKING:
    from .databases import Database


class Outbox:
    """A table of all changes, written in their own transaction: an event is there if its change is (transactional outbox).

    A position is drawn from a row that stays locked until the commit, so that positions become visible in their order. A
    sequence gives them out sooner: 7 may be committed before 6, and a consumer that has gone on to 7 never looks for 6.

    Args:
        database: The connection on which changes are made.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def create(self) -> None:
        """Create the table, and the row with the last position."""
        self.database.rows("CREATE TABLE outbox (position BIGINT PRIMARY KEY, change TEXT NOT NULL)")
        self.database.rows("CREATE TABLE outbox_end (position BIGINT NOT NULL)")
        self.database.rows("INSERT INTO outbox_end VALUES (0)")

    def append(self, change: Change) -> None:
        """Add an event, at the end of the change's transaction: others wait for its commit to add theirs."""
        [(position,)] = self.database.rows("UPDATE outbox_end SET position = position + 1 RETURNING position")
        self.database.rows("INSERT INTO outbox VALUES (?, ?)", position, json.dumps(asdict(change)))

    def after(self, position: int, limit: int) -> list[tuple[int, Change]]:
        """Return the next events behind a position."""
        question = "SELECT position, change FROM outbox WHERE position > ? ORDER BY position LIMIT ?"
        return [(at, Change(**json.loads(text))) for at, text in self.database.rows(question, position, limit)]


class Consumer:
    """Copies written by whoever takes the events. As a keeper it only sees to it that there are some.

    Args:
        database: The connection with the outbox, and with the copies.
        name: What the tables of copies are called.
        reach: Called behind each event, before that is committed.
    """

    def __init__(self, database: Database, name: str = "events", reach: Reach = lambda _: None) -> None:
        self.database, self.name, self.reach = database, name, reach
        self.outbox, self.pages = Outbox(database), Pages(database, name)

    def create(self) -> None:
        """Create the outbox and the copies; beside these, what was heard of last, and what authors are called."""
        self.outbox.create()
        self.pages.create()
        self.database.rows(f"CREATE TABLE {self.name}_versions (subject TEXT PRIMARY KEY, version BIGINT NOT NULL)")
        self.database.rows(f"CREATE TABLE {self.name}_authors (author INTEGER PRIMARY KEY, name TEXT NOT NULL)")
        self.database.rows(f"CREATE TABLE {self.name}_position (position BIGINT NOT NULL)")
        self.database.rows(f"INSERT INTO {self.name}_position VALUES (0)")

    def take(self, change: Change) -> None:
        """Leave it to be consumed."""
        self.outbox.append(change)

    def follow(self, change: Change) -> None:
        """Leave it to be consumed."""

    @property
    def position(self) -> int:
        """The last event of the outbox that was taken."""
        return int(self.database.rows(f"SELECT position FROM {self.name}_position")[0][0])

    def catch_up(self) -> None:
        """Take all events that there are."""
        while self.run():
            pass

    def run(self, limit: int = 100) -> int:
        """Take the next events, and return how many there were; what they change and the new position are committed together."""
        with self.database.transaction():
            [(position,)] = self._held_position()
            events = self.outbox.after(position, limit)
            for version, change in events:
                self._apply(version, change)
                self.reach(Step.CONSUMED)
            self.database.rows(f"UPDATE {self.name}_position SET position = ?", events[-1][0] if events else position)
        return len(events)

    def deliver(self, version: int, change: Change) -> None:
        """Take one event that somebody has sent: any, at any time, however often."""
        with self.database.transaction():
            self._held_position()
            self._apply(version, change)

    def _held_position(self) -> list[tuple[int]]:
        """One consumer at a time: two that know of different things would miss each other's."""
        return self.database.rows(f"SELECT position FROM {self.name}_position {self.database.exclusive}")

    def _is_news(self, version: int, change: Change) -> bool:
        news = f"""
            INSERT INTO {self.name}_versions VALUES (?, ?) ON CONFLICT (subject) DO UPDATE
            SET version = excluded.version WHERE {self.name}_versions.version < excluded.version RETURNING version"""
        return bool(self.database.rows(news, f"{change.kind} {change.key}", version))

    def _apply(self, version: int, change: Change) -> None:
        if not self._is_news(version, change):
            return
        rows, pages, comments = self.database.rows, self.pages.pages, self.pages.comments
        match change:
            case Change("author", author, name):
                self._rename(author, str(name))
            case Change("post", post, None):
                rows(f"DELETE FROM {pages} WHERE post = ?", post)
            case Change("post", post, title, author):
                counted = f"SELECT count(*) FROM {comments} WHERE post = ?"  # those that came before it
                insert = f"INSERT INTO {pages} VALUES (?, ?, ?, ?, ({counted})) ON CONFLICT DO NOTHING"
                rows(insert, post, title, author, self._name(author), post)
            case Change("comment", comment, None, _, post):
                delete = f"DELETE FROM {comments} WHERE post = ? AND comment = ? RETURNING comment"
                self._count(post, -len(rows(delete, post, comment)))
            case Change("comment", comment, text, author, post):
                insert = f"INSERT INTO {comments} VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING comment"
                self._count(post, len(rows(insert, post, comment, author, self._name(author), text)))

    def _rename(self, author: int, name: str) -> None:
        known = f"INSERT INTO {self.name}_authors VALUES (?, ?) ON CONFLICT (author) DO UPDATE SET name = excluded.name"
        self.database.rows(known, author, name)
        for table in (self.pages.pages, self.pages.comments):
            self.database.rows(f"UPDATE {table} SET author_name = ? WHERE author = ?", name, author)

    def _name(self, author: int) -> str:
        """Return what an author is called; nothing if that has not been heard of yet."""
        names = self.database.rows(f"SELECT name FROM {self.name}_authors WHERE author = ?", author)
        return str(names[0][0]) if names else ""

    def _count(self, post: int, more: int) -> None:
        """Count by what has really come or gone, and only a page that is there: its post brings the count so far."""
        self.database.rows(f"UPDATE {self.pages.pages} SET comments = comments + ? WHERE post = ?", more, post)

"""Keeping copies in step: in the change's own transaction, after it in batches, by triggers, or by computing all anew.

| keeper           | copies are out of date           | who must remember them        | a change costs                    |
|------------------|----------------------------------|-------------------------------|-----------------------------------|
| InTransaction    | never                            | every writer                  | all copies, while it holds them   |
| FanOut           | while it runs, or after a crash  | every writer, and a repair    | all copies, a batch at a time     |
| Triggers         | never                            | the database                  | all copies, while it holds them   |
| MaterializedView | until it is refreshed            | whoever refreshes it          | nothing; a refresh computes all   |
| Consumer         | until events have come           | a consumer, with its position | an event; the copies elsewhere    |

Whoever writes a copy of a name holds the author's row meanwhile: else a rename could pass between look and write, see no
copy yet, and leave the old name behind. Heads of pages are written before comments, by everybody: no deadlock.
"""

# ruff: noqa: S608 - what is put into statements are names of tables, and ours

from __future__ import annotations

from typing import TYPE_CHECKING

from .blog import Change
from .databases import PostgreSQL
from .pages import NORMALIZED, Pages, Reach, Step

if TYPE_CHECKING:
    from .databases import Database


class InTransaction:
    """Copies written by the transaction of the change: both are there, or none is.

    Args:
        database: The connection on which the change is made.
        name: What its tables are called.
        reach: Called behind each step that is not the change's own.
    """

    def __init__(self, database: Database, name: str = "in_transaction", reach: Reach = lambda _: None) -> None:
        self.database, self.pages, self.reach = database, Pages(database, name, reach), reach

    def create(self) -> None:
        """Create the tables of the copies."""
        self.pages.create()

    def take(self, change: Change) -> None:
        """Write every copy of what has changed. A counter is counted up where it stands: who reads it first loses updates."""
        rows, pages, comments = self.database.rows, self.pages.pages, self.pages.comments
        match change:
            case Change("author", author, name):
                self.rename(author, str(name))
            case Change("post", post, None):
                rows(f"DELETE FROM {pages} WHERE post = ?", post)
            case Change("post", post, title, author):
                rows(f"INSERT INTO {pages} VALUES (?, ?, ?, ?, 0)", post, title, author, self.held_name(author))
            case Change("comment", comment, None, _, post):
                rows(f"UPDATE {pages} SET comments = comments - 1 WHERE post = ?", post)
                rows(f"DELETE FROM {comments} WHERE post = ? AND comment = ?", post, comment)
            case Change("comment", comment, text, author, post):
                name = self.held_name(author)
                rows(f"UPDATE {pages} SET comments = comments + 1 WHERE post = ?", post)
                rows(f"INSERT INTO {comments} VALUES (?, ?, ?, ?, ?)", post, comment, author, name, text)

    def follow(self, change: Change) -> None:
        """Nothing is left to do."""

    def catch_up(self) -> None:
        """Nothing is left to do."""

    def rename(self, author: int, name: str) -> None:
        """Write every copy of a name."""
        for table in (self.pages.pages, self.pages.comments):
            self.database.rows(f"UPDATE {table} SET author_name = ? WHERE author = ?", name, author)

    def held_name(self, author: int, *, exclusively: bool = False) -> str:
        """Return an author's name, which nobody can change until this transaction ends."""
        lock = self.database.exclusive if exclusively else self.database.shared
        [(name,)] = self.database.rows(f"SELECT name FROM authors WHERE author = ? {lock}", author)
        return str(name)


class FanOut(InTransaction):
    """As `InTransaction`, but the many copies of a name are written after the commit, in batches.

    One transaction over a million copies would hold them all, and the author, until its end. A crash in between leaves old
    names: `Pages.repair` finds them, or another call of `follow`.

    Args:
        database: The connection on which the change is made.
        name: What its tables are called.
        reach: Called behind each batch, too.
        batch: How many copies a transaction writes at most.
    """

    def __init__(
        self, database: Database, name: str = "fan_out", reach: Reach = lambda _: None, batch: int = 1_000
    ) -> None:
        super().__init__(database, name, reach)
        self.batch = batch

    def rename(self, author: int, name: str) -> None:
        """Leave it to `follow`."""

    def follow(self, change: Change) -> None:
        """Write the copies of a name, if that is what has changed."""
        if change.kind == "author":
            for table, key in ((self.pages.pages, "post"), (self.pages.comments, "comment")):
                while self._write_batch(table, key, change.key):
                    self.reach(Step.FANNED_OUT)

    def _write_batch(self, table: str, key: str, author: int) -> bool:
        """Write the name as it is by now: of two fan-outs at once both write the later name, whichever comes last."""
        with self.database.transaction():
            name = self.held_name(author, exclusively=True)
            old = f"SELECT {key} FROM {table} WHERE author = ? AND author_name <> ? LIMIT {self.batch}"
            write = f"UPDATE {table} SET author_name = ? WHERE author = ? AND {key} IN ({old}) RETURNING {key}"
            return bool(self.database.rows(write, name, author, author, name))


class MaterializedView:
    """Copies computed anew from the source as a whole, whenever `catch_up` is called; no change writes any.

    On SQLite, which has no materialized views, they are tables that are rebuilt.

    Args:
        database: The connection that refreshes them.
        name: What they are called.
        reach: Called when they are computed, before that is committed.
    """

    def __init__(self, database: Database, name: str = "view", reach: Reach = lambda _: None) -> None:
        self.database, self.pages, self.reach = database, Pages(database, name, reach), reach

    def create(self) -> None:
        """Create them; who refreshes beside readers needs to tell rows apart, by a unique index."""
        if not isinstance(self.database, PostgreSQL):
            self.pages.create()
            return
        keys = {"pages": "post", "comments": "post, comment"}
        for kind, key in keys.items():
            view = f"{self.pages.name}_{kind}"
            self.database.rows(f"CREATE MATERIALIZED VIEW {view} AS SELECT * FROM {NORMALIZED}_{kind}")
            self.database.rows(f"CREATE UNIQUE INDEX {view}_key ON {view} ({key})")

    def catch_up(self) -> None:
        """Compute both views, of one moment; readers go on with the old ones until the commit. To be called by one at a time.

        A plain REFRESH would lock them out meanwhile (postgresql.org/docs/current/sql-refreshmaterializedview.html).
        """
        if not isinstance(self.database, PostgreSQL):
            self.pages.rebuild()
            return
        with self.database.transaction():
            self.database.rows("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for view in (self.pages.pages, self.pages.comments):
                self.database.rows(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {view}")
            self.reach(Step.COPIED)

    def take(self, change: Change) -> None:
        """Nothing is done."""

    def follow(self, change: Change) -> None:
        """Nothing is done."""

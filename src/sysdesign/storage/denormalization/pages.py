"""A page of the blog, from either schema: views over the normalized tables, or tables with copies, of the same columns.

The views are the definition of what a copy must say. Reading from them joins three tables and counts; reading from copies
is a search in each of two tables. Where the two differ, the views are right.
"""

# ruff: noqa: S608 - what is put into statements are names of tables, and ours

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from .databases import Database


class Step(Enum):
    """The steps of a change, behind each of which the process may die; a fan-out and a consumer take theirs many times."""

    WRITTEN = "written"
    COPIED = "copied"
    COMMITTED = "committed"
    FANNED_OUT = "fanned out"
    CONSUMED = "consumed"


Reach: TypeAlias = Callable[[Step], None]
"""Called behind each step, which is where tests halt or kill the process."""

NEWEST = 10
"""How many comments a page shows."""

NORMALIZED = "normalized"
"""The name under which `Pages` reads from the source of truth."""

SOURCE = (
    "CREATE TABLE authors (author INTEGER PRIMARY KEY, name TEXT NOT NULL)",
    """CREATE TABLE posts (
        post INTEGER PRIMARY KEY, title TEXT NOT NULL, author INTEGER NOT NULL REFERENCES authors)""",
    """CREATE TABLE comments (
        comment INTEGER PRIMARY KEY, post INTEGER NOT NULL REFERENCES posts, author INTEGER NOT NULL REFERENCES authors,
        text TEXT NOT NULL)""",
    "CREATE INDEX comments_of_post ON comments (post, comment)",
    """CREATE VIEW normalized_pages AS
        SELECT post, title, author, name AS author_name,
               (SELECT count(*) FROM comments WHERE comments.post = posts.post) AS comments
        FROM posts JOIN authors USING (author)""",
    """CREATE VIEW normalized_comments AS
        SELECT post, comment, author, name AS author_name, text FROM comments JOIN authors USING (author)""",
)

COPIES = (
    """CREATE TABLE {name}_pages (
        post INTEGER PRIMARY KEY, title TEXT NOT NULL, author INTEGER NOT NULL, author_name TEXT NOT NULL,
        comments INTEGER NOT NULL)""",
    """CREATE TABLE {name}_comments (
        post INTEGER, comment INTEGER, author INTEGER NOT NULL, author_name TEXT NOT NULL, text TEXT NOT NULL,
        PRIMARY KEY (post, comment)) {clustered}""",
    "CREATE INDEX {name}_pages_of_author ON {name}_pages (author)",
    "CREATE INDEX {name}_comments_of_author ON {name}_comments (author)",
)


class Page(NamedTuple):
    """What a visitor sees of a post; `newest` are its newest comments as (who, what), newest first."""

    title: str
    author: str
    comments: int
    newest: tuple[tuple[str, str], ...]


class Pages:
    """The pages as the tables or views `<name>_pages` and `<name>_comments` have them.

    Args:
        database: Where they are.
        name: Whose pages: NORMALIZED, or what a keeper calls its copies.
        reach: Called when copies are written anew, before that is committed.
    """

    def __init__(self, database: Database, name: str, reach: Reach = lambda _: None) -> None:
        self.database, self.name, self._reach = database, name, reach
        self.pages, self.comments = f"{name}_pages", f"{name}_comments"
        # One statement, so that the page is of one moment.
        self.question = f"""
            SELECT title, author_name, comments, NULL AS comment FROM {self.pages} WHERE post = ?
            UNION ALL SELECT * FROM (
                SELECT text, author_name, 0, comment FROM {self.comments} WHERE post = ? ORDER BY comment DESC LIMIT {NEWEST}
            ) AS newest"""

    def create(self) -> None:
        """Create empty tables for copies."""
        for statement in COPIES:
            self.database.rows(statement.format(name=self.name, clustered=self.database.clustered))

    def read(self, post: int) -> Page | None:
        """Return the page of a post, or None if there is none."""
        rows = self.database.rows(self.question, post, post)
        newest = sorted((row for row in rows if row[3] is not None), key=lambda row: -row[3])
        for title, author, comments in (row[:3] for row in rows if row[3] is None):
            return Page(title, author, comments, tuple((who, what) for what, who, *_ in newest))
        return None

    def cost(self, post: int) -> int:
        """Return what one page view costs, in the database's unit."""
        return self.database.cost(self.question, post, post)

    def tables(self, post: int) -> list[str]:
        """Return the tables that one page view reads, each as often as it does."""
        return self.database.tables(self.question, post, post)

    def divergent(self) -> list[tuple[int, int]]:
        """Return the rows that are not as the source has them, or missing, or left over: (post, comment), 0 for the head."""
        head, comments = (_difference(f"{NORMALIZED}_{kind}", f"{self.name}_{kind}") for kind in ("pages", "comments"))
        found = self.database.rows(
            f"SELECT post, 0 FROM ({head}) AS p UNION SELECT post, comment FROM ({comments}) AS c"
        )
        return sorted((post, comment) for post, comment in found)

    def repair(self) -> int:
        """Write the pages that differ anew from the source, and return how many rows differed.

        They are found beside all traffic, which may make some seem wrong that are not; each is then written while no
        writer is at work.
        """
        divergent = self.divergent()
        for post in sorted({post for post, _ in divergent}):
            with self.database.transaction():
                self.database.hold_off_writers()
                self._write_anew("WHERE post = ?", post)
        return len(divergent)

    def rebuild(self) -> None:
        """Write all copies anew from the source: readers see the old ones until all is done, writers wait."""
        with self.database.transaction():
            self.database.hold_off_writers()
            self._write_anew()

    def _write_anew(self, which: str = "", *parameters: object) -> None:
        for kind in ("pages", "comments"):
            self.database.rows(f"DELETE FROM {self.name}_{kind} {which}", *parameters)
            self.database.rows(f"INSERT INTO {self.name}_{kind} SELECT * FROM {NORMALIZED}_{kind} {which}", *parameters)
        self._reach(Step.COPIED)


def _difference(one: str, other: str) -> str:
    """Return a query for the rows that are in one table alone."""
    halves = (
        f"SELECT * FROM (SELECT * FROM {a} EXCEPT SELECT * FROM {b}) AS d" for a, b in ((one, other), (other, one))
    )
    return " UNION ALL ".join(halves)

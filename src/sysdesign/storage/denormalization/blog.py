"""The blog's source of truth: each fact once, and each change told to those who keep copies of it.

A keeper takes a change inside its transaction, so that source and copies change at one moment, or after its commit.
"""

# ruff: noqa: S608 - what is put into statements are names of tables, and ours

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from .pages import NORMALIZED, SOURCE, Pages, Reach, Step

if TYPE_CHECKING:
    from .databases import Database


class Gone(Exception):  # noqa: N818 - what happened
    """The post is not there (any more): nothing was changed."""


@dataclass(frozen=True)
class Change:
    """What became of an author, a post or a comment: `text` is its name, title or text, None when it is gone."""

    kind: Literal["author", "post", "comment"]
    key: int
    text: str | None
    author: int = 0
    post: int = 0


class Keeper(Protocol):
    """Keeps copies in step with the source."""

    pages: Pages

    def create(self) -> None:
        """Create what the copies need; the source is there already, and empty."""

    def take(self, change: Change) -> None:
        """Take a change, within the transaction that makes it."""

    def follow(self, change: Change) -> None:
        """Do what is to be done when the change is committed."""

    def catch_up(self) -> None:
        """Bring the copies up to date, where they may be late."""


class Blog:
    """The blog on SQLite or PostgreSQL, used by one thread at a time.

    Args:
        database: A connection of its own.
        keepers: Who keeps copies; `denormalized` reads those of the first.
        reach: Called behind each step.
    """

    def __init__(self, database: Database, *keepers: Keeper, reach: Reach = lambda _: None) -> None:
        self.database, self.keepers, self._reach = database, keepers, reach
        self.normalized = Pages(database, NORMALIZED)

    @property
    def denormalized(self) -> Pages:
        """The pages as copies have them."""
        return self.copies[0]

    @property
    def copies(self) -> list[Pages]:
        """The pages as each keeper's copies have them."""
        return [keeper.pages for keeper in self.keepers]

    @property
    def unit(self) -> str:
        """In what the cost of a page view is counted."""
        return self.database.unit

    def create(self) -> None:
        """Create the source of truth and all that the keepers need."""
        with self.database.transaction():
            for statement in SOURCE:
                self.database.rows(statement)
            for keeper in self.keepers:
                keeper.create()

    def register(self, author: int, name: str) -> None:
        """Let somebody write."""
        self._make(Change("author", author, name), "INSERT INTO authors VALUES (?, ?)", author, name)

    def rename(self, author: int, name: str) -> None:
        """Give an author another name: one fact, on every page that the author ever wrote on."""
        self._make(Change("author", author, name), "UPDATE authors SET name = ? WHERE author = ?", name, author)

    def publish(self, post: int, title: str, author: int) -> None:
        """Publish a post."""
        change = Change("post", post, title, author)
        self._make(change, "INSERT INTO posts VALUES (?, ?, ?)", post, title, author)

    def comment(self, comment: int, post: int, text: str, author: int) -> None:
        """Comment on a post. Raises Gone."""
        change = Change("comment", comment, text, author, post)
        with self._change(change):
            self._hold(post, self.database.shared)
            self.database.rows("INSERT INTO comments VALUES (?, ?, ?, ?)", comment, post, author, text)
            self._tell(change)

    def remove(self, comment: int) -> None:
        """Remove a comment, if it is there."""
        change = Change("comment", comment, None)
        with self._change(change):
            self._remove(comment)

    def withdraw(self, post: int) -> None:
        """Withdraw a post, and with it its comments. Raises Gone."""
        change = Change("post", post, None)
        with self._change(change):
            self._hold(post, self.database.exclusive)
            for (comment,) in self.database.rows("SELECT comment FROM comments WHERE post = ?", post):
                self._remove(comment)
            self.database.rows("DELETE FROM posts WHERE post = ?", post)
            self._tell(change)

    def load(
        self,
        authors: Iterable[tuple[int, str]],
        posts: Iterable[tuple[int, str, int]],
        comments: Iterable[tuple[int, int, int, str]],
    ) -> None:
        """Take over a whole blog: into the source, from which the copies are then written, and let the planner know."""
        with self.database.transaction():
            self.database.insert("authors", 2, authors)
            self.database.insert("posts", 3, posts)
            self.database.insert("comments", 4, comments)
        self.denormalized.rebuild()
        self.database.analyze()

    def written(self, act: Callable[[], object]) -> int:
        """Return how many rows were written meanwhile, copies included."""
        return self.database.written(act)

    def catch_up(self) -> None:
        """Bring all copies up to date."""
        for keeper in self.keepers:
            keeper.catch_up()

    def close(self) -> None:
        """Close the connection."""
        self.database.connection.close()

    def _make(self, change: Change, statement: str, *parameters: object) -> None:
        with self._change(change):
            self.database.rows(statement, *parameters)
            self._tell(change)

    @contextmanager
    def _change(self, change: Change) -> Iterator[None]:
        with self.database.transaction():
            yield
            self._reach(Step.COPIED)
        self._reach(Step.COMMITTED)
        for keeper in self.keepers:
            keeper.follow(change)

    def _tell(self, change: Change) -> None:
        self._reach(Step.WRITTEN)
        for keeper in self.keepers:
            keeper.take(change)

    def _hold(self, post: int, lock: str) -> None:
        if not self.database.rows(f"SELECT post FROM posts WHERE post = ? {lock}", post):
            raise Gone(post)

    def _remove(self, comment: int) -> None:
        for post, author in self.database.rows(
            "DELETE FROM comments WHERE comment = ? RETURNING post, author", comment
        ):
            self._tell(Change("comment", comment, None, author, post))

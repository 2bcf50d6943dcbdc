"""Keeping copies in step by triggers: no writer can forget them, not even one that knows of none.

As in `keepers`, an author is held while a copy of the name is written. What a change of the source costs is hidden from
whoever makes it, which is the price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blog import Change
from .databases import PostgreSQL
from .pages import Pages

if TYPE_CHECKING:
    from .databases import Database


class Triggers:
    """Copies written by the database itself, in the transaction of whoever changes the source, by whatever statement.

    Args:
        database: The connection that creates the triggers; they run on all connections.
        name: What the tables of copies are called.
    """

    def __init__(self, database: Database, name: str = "triggers") -> None:
        self.database, self.pages = database, Pages(database, name)

    def create(self) -> None:
        """Create the tables of the copies, and a trigger for each kind of change of the source."""
        self.pages.create()
        for event, statements in TRIGGERS.items():
            name = f"{self.pages.name}_after_{event.replace(' ', '_')}"
            body = ";".join(statements).format(
                pages=self.pages.pages, comments=self.pages.comments, lock=self.database.shared
            )
            begin = f"CREATE TRIGGER {name} AFTER {event} FOR EACH ROW"
            if isinstance(self.database, PostgreSQL):
                function = f"BEGIN {body}; RETURN NULL; END"
                self.database.rows(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $${function}$$")
                self.database.rows(f"{begin} EXECUTE FUNCTION {name}()")
            else:
                self.database.rows(f"{begin} BEGIN {body}; END")

    def take(self, change: Change) -> None:
        """Nothing is left to do: the triggers have run."""

    def follow(self, change: Change) -> None:
        """Nothing is left to do."""

    def catch_up(self) -> None:
        """Nothing is left to do."""


TRIGGERS = {
    "UPDATE OF name ON authors": (
        "UPDATE {pages} SET author_name = new.name WHERE author = new.author",
        "UPDATE {comments} SET author_name = new.name WHERE author = new.author",
    ),
    "INSERT ON posts": (
        """INSERT INTO {pages}
            SELECT new.post, new.title, new.author, name, 0 FROM authors WHERE author = new.author {lock}""",
    ),
    "UPDATE OF title ON posts": ("UPDATE {pages} SET title = new.title WHERE post = new.post",),
    "DELETE ON posts": ("DELETE FROM {pages} WHERE post = old.post",),
    "INSERT ON comments": (
        """INSERT INTO {comments}
            SELECT new.post, new.comment, new.author, name, new.text FROM authors WHERE author = new.author {lock}""",
        "UPDATE {pages} SET comments = comments + 1 WHERE post = new.post",
    ),
    "UPDATE OF text ON comments": (
        "UPDATE {comments} SET text = new.text WHERE post = new.post AND comment = new.comment",
    ),
    "DELETE ON comments": (
        "UPDATE {pages} SET comments = comments - 1 WHERE post = old.post",
        "DELETE FROM {comments} WHERE post = old.post AND comment = old.comment",
    ),
}
"""What each change of the source writes to the copies; in each, an author is held before the head of a page."""

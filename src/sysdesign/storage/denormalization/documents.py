"""The blog on MongoDB: normalized in three collections, and each page as one document.

What belongs to a page is embedded in its document, and written with it at one moment. A name is in many documents:
they are changed together by a transaction, or one batch after the other behind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .blog import Gone
from .mongo import Document, DocumentPages, MongoDB, NormalizedDocuments, embedded
from .pages import Reach, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pymongo.client_session import ClientSession


class DocumentBlog:
    """The blog with pages as documents.

    Args:
        mongo: Where it is.
        batch: How many documents a fan-out of a name changes at once, behind the change's transaction; 0: all, within it.
        reach: Called behind each step.
    """

    def __init__(self, mongo: MongoDB, batch: int = 0, reach: Reach = lambda _: None) -> None:
        self.mongo, self.database, self.batch, self._reach = mongo, mongo.database, batch, reach
        self.normalized, self.denormalized = NormalizedDocuments(mongo), DocumentPages(mongo, reach)
        self.unit, self.copies, self.keepers, self.pages = mongo.unit, [self.denormalized], (), mongo.database.pages

    def create(self) -> None:
        """Create the collections and their indexes: none is created within a transaction."""
        for name in ("authors", "posts", "comments", "pages"):
            self.database.create_collection(name)
        self.database.comments.create_index([("post", 1), ("_id", -1)])
        self.pages.create_index("author._id")
        self.pages.create_index("comments.author._id")

    def register(self, author: int, name: str) -> None:
        """Let somebody write."""
        self.database.authors.insert_one({"_id": author, "name": name})

    def rename(self, author: int, name: str) -> None:
        """Give an author another name: one fact, in every page that the author ever wrote on."""

        def change(session: ClientSession) -> None:
            self.database.authors.update_one({"_id": author}, {"$set": {"name": name}}, session=session)
            self._reach(Step.WRITTEN)
            if not self.batch:
                self._write_name({}, author, name, session)

        self._change(change)
        while self.batch and self._write_batch(author):
            self._reach(Step.FANNED_OUT)

    def publish(self, post: int, title: str, author: int) -> None:
        """Publish a post."""

        def change(session: ClientSession) -> None:
            name = self._held_name(author, session)
            self.database.posts.insert_one({"_id": post, "title": title, "author": author}, session=session)
            self._reach(Step.WRITTEN)
            head = {"_id": post, "title": title, "author": {"_id": author, "name": name}, "count": 0, "comments": []}
            self.pages.insert_one(head, session=session)

        self._change(change)

    def comment(self, comment: int, post: int, text: str, author: int) -> None:
        """Comment on a post. Raises Gone."""
        document = {"_id": comment, "post": post, "author": author, "text": text}

        def change(session: ClientSession) -> None:
            copy = embedded(document, self._held_name(author, session))
            self.database.comments.insert_one(document, session=session)
            self._reach(Step.WRITTEN)
            push = {"$inc": {"count": 1}, "$push": {"comments": {"$each": [copy], "$sort": {"_id": 1}}}}
            if not self.pages.update_one({"_id": post}, push, session=session).matched_count:
                raise Gone(post)

        self._change(change)

    def remove(self, comment: int) -> None:
        """Remove a comment, if it is there."""

        def change(session: ClientSession) -> None:
            if gone := self.database.comments.find_one({"_id": comment}, session=session):
                self.database.comments.delete_one({"_id": comment}, session=session)
                self._reach(Step.WRITTEN)
                pull = {"$inc": {"count": -1}, "$pull": {"comments": {"_id": comment}}}
                self.pages.update_one({"_id": gone["post"]}, pull, session=session)

        self._change(change)

    def withdraw(self, post: int) -> None:
        """Withdraw a post, and with it its comments. Raises Gone."""

        def change(session: ClientSession) -> None:
            if not self.pages.delete_one({"_id": post}, session=session).deleted_count:
                raise Gone(post)
            self.database.comments.delete_many({"post": post}, session=session)
            self.database.posts.delete_one({"_id": post}, session=session)
            self._reach(Step.WRITTEN)

        self._change(change)

    def load(
        self,
        authors: Iterable[tuple[int, str]],
        posts: Iterable[tuple[int, str, int]],
        comments: Iterable[tuple[int, int, int, str]],
    ) -> None:
        """Take over a whole blog: into the source, from which the copies are then written."""
        self.database.authors.insert_many({"_id": key, "name": name} for key, name in authors)
        self.database.posts.insert_many({"_id": key, "title": title, "author": by} for key, title, by in posts)
        self.database.comments.insert_many(
            {"_id": key, "post": post, "author": by, "text": text} for key, post, by, text in comments
        )
        self.denormalized.rebuild()

    def written(self, act: Callable[[], object]) -> int:
        """Return how many documents were written meanwhile, copies included."""
        return self.mongo.written(act)

    def catch_up(self) -> None:
        """Nothing is late."""

    def close(self) -> None:
        """Close the client."""
        self.mongo.client.close()

    def _change(self, change: Callable[[ClientSession], None]) -> None:
        """Make a change at one moment; one that meets another's writes begins again."""

        def until_copied(session: ClientSession) -> None:
            change(session)
            self._reach(Step.COPIED)

        with self.mongo.client.start_session() as session:
            session.with_transaction(until_copied)
        self._reach(Step.COMMITTED)

    def _held_name(self, author: int, session: ClientSession) -> str:
        """Return an author's name, which nobody can change until the transaction ends: to hold a document is to write to it."""
        self.database.authors.update_one({"_id": author}, {"$inc": {"held": 1}}, session=session)
        document = self.database.authors.find_one({"_id": author}, session=session)
        return str(document["name"]) if document else ""

    def _write_batch(self, author: int) -> bool:
        """Write the name as it is by now to some pages that have another one, and tell whether there were any."""
        written = False

        def change(session: ClientSession) -> None:
            nonlocal written
            name = self._held_name(author, session)
            other = {"author._id": author, "author.name": {"$ne": name}}
            old = {"$or": [other, {"comments": {"$elemMatch": other}}]}
            some = [page["_id"] for page in self.pages.find(old, {"_id": 1}, session=session).limit(self.batch)]
            self._write_name({"_id": {"$in": some}}, author, name, session)
            written = bool(some)

        with self.mongo.client.start_session() as session:
            session.with_transaction(change)
        return written

    def _write_name(self, pages: Document, author: int, name: str, session: ClientSession) -> None:
        """Write every copy of a name, on these pages."""
        self.pages.update_many({**pages, "author._id": author}, {"$set": {"author.name": name}}, session=session)
        self.pages.update_many(
            {**pages, "comments.author._id": author},
            {"$set": {"comments.$[theirs].author.name": name}},
            array_filters=[{"theirs.author._id": author}],
            session=session,
        )

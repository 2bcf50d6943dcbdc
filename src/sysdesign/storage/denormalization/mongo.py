"""MongoDB behind pages that are documents: the client that counts, and a page read from either schema.

Normalized, a page is put together from three collections by the application; as a copy it is one document that holds all
it shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from .pages import NEWEST, Page, Reach, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pymongo.client_session import ClientSession

Document: TypeAlias = dict[str, Any]


class MongoDB:
    """A database that tells what was asked of it, and how many documents were written: it listens to its own client.

    Args:
        url: `mongodb://host:port/database`.
    """

    unit = "documents"

    def __init__(self, url: str) -> None:
        from pymongo import MongoClient, monitoring

        self.asked: list[Mapping[str, Any]] | None = None  # nothing is kept unless somebody wants to know
        self.documents = 0

        class Listener(monitoring.CommandListener):
            def started(_, event: monitoring.CommandStartedEvent) -> None:  # noqa: N805 - self is the database
                """Note a question."""
                if self.asked is not None and event.command_name in ("find", "aggregate"):
                    self.asked.append(event.command)

            def succeeded(_, event: monitoring.CommandSucceededEvent) -> None:  # noqa: N805
                """Count what was written."""
                self.documents += _written(event.command_name, event.reply)

            def failed(_, event: monitoring.CommandFailedEvent) -> None:  # noqa: N805
                """Nothing was written."""

        self.client: MongoClient[Document] = MongoClient(url, event_listeners=[Listener()], retryWrites=False)
        self.database = self.client.get_default_database()

    def written(self, act: Callable[[], object]) -> int:
        """Return how many documents were inserted, updated and deleted meanwhile."""
        before = self.documents
        act()
        return self.documents - before

    def questions(self, act: Callable[[], object]) -> list[Mapping[str, Any]]:
        """Return the commands that were asked meanwhile."""
        asked: list[Mapping[str, Any]] = []
        self.asked = asked
        act()
        self.asked = None
        return asked

    def examined(self, question: Mapping[str, Any]) -> int:
        """Ask again, and return how many documents were looked at for the answer."""
        plain = {name: value for name, value in question.items() if name in _PARTS_OF_A_QUESTION}
        report = self.database.command("explain", plain, verbosity="executionStats")
        source = report["stages"][0]["$cursor"] if "stages" in report else report
        return int(source["executionStats"]["totalDocsExamined"])


_PARTS_OF_A_QUESTION = (
    *("find", "filter", "projection", "sort", "limit", "singleBatch"),
    *("aggregate", "pipeline", "cursor"),
)


def _written(command: str, reply: Any) -> int:
    match command:
        case "insert" | "delete":
            return int(reply["n"])
        case "update":
            return int(reply["nModified"])
        case _:
            return 0


class NormalizedDocuments:
    """Pages put together from three collections, by the application.

    Args:
        mongo: Where they are.
    """

    def __init__(self, mongo: MongoDB) -> None:
        self.mongo, self.database = mongo, mongo.database

    def read(self, post: int) -> Page | None:
        """Return the page of a post, or None if there is none."""
        document = self.document(post, newest=NEWEST)
        return _page(document) if document else None

    def document(self, post: int, *, newest: int = 0, session: ClientSession | None = None) -> Document | None:
        """Return the document that is to be the page of a post, with its newest comments or with all (0)."""
        head = self.database.posts.find_one({"_id": post}, session=session)
        if head is None:
            return None
        ours = self.database.comments.find({"post": post}, session=session).sort("_id", -1).limit(newest)
        comments = list(ours)[::-1]
        authors = list({head["author"], *(comment["author"] for comment in comments)})
        names = {
            one["_id"]: one["name"] for one in self.database.authors.find({"_id": {"$in": authors}}, session=session)
        }
        count = self.database.comments.count_documents({"post": post}) if newest else len(comments)
        return {
            "_id": post,
            "title": head["title"],
            "author": {"_id": head["author"], "name": names[head["author"]]},
            "count": count,
            "comments": [embedded(comment, names[comment["author"]]) for comment in comments],
        }

    def tables(self, post: int) -> list[str]:
        """Return the collections that one page view asks, each as often as it does."""
        return sorted(str(next(iter(one.values()))) for one in self.mongo.questions(lambda: self.read(post)))

    def cost(self, post: int) -> int:
        """Return how many documents are looked at for one page view."""
        return sum(self.mongo.examined(one) for one in self.mongo.questions(lambda: self.read(post)))


class DocumentPages(NormalizedDocuments):
    """Pages as they stand in documents of their own.

    Args:
        mongo: Where they are.
        reach: Called when a page is written anew, before that is committed.
    """

    def __init__(self, mongo: MongoDB, reach: Reach = lambda _: None) -> None:
        super().__init__(mongo)
        self.source, self.pages, self._reach = NormalizedDocuments(mongo), mongo.database.pages, reach

    def document(self, post: int, *, newest: int = 0, session: ClientSession | None = None) -> Document | None:
        """Return the document of a post, with its newest comments or with all (0)."""
        part = {"comments": {"$slice": -newest}} if newest else None
        return self.pages.find_one({"_id": post}, part, session=session)

    def divergent(self) -> list[tuple[int, int]]:
        """Return what is not as the source has it, or missing, or left over: (post, comment), 0 for the head."""
        posts = sorted({*self.pages.distinct("_id"), *self.database.posts.distinct("_id")})
        return [difference for post in posts for difference in self._differences(post)]

    def _differences(self, post: int) -> list[tuple[int, int]]:
        one, other = (_rows(pages.document(post)) for pages in (self.source, self))
        return sorted((post, key) for key in one.keys() | other.keys() if one.get(key) != other.get(key))

    def repair(self) -> int:
        """Write the pages that differ anew from the source, and return how many heads and comments differed."""
        divergent = self.divergent()
        for post in sorted({post for post, _ in divergent}):
            self._write_anew(post)
        return len(divergent)

    def rebuild(self) -> None:
        """Write all pages anew, one after the other: a page is never half old, and never locked against readers."""
        for post in sorted({*self.pages.distinct("_id"), *self.database.posts.distinct("_id")}):
            self._write_anew(post)

    def _write_anew(self, post: int) -> None:
        """Write a page as the source has it at one moment; whoever has written to the page since makes us begin again."""

        def write(session: ClientSession) -> None:
            self.pages.delete_one({"_id": post}, session=session)
            if document := self.source.document(post, session=session):
                self.pages.insert_one(document, session=session)
            self._reach(Step.COPIED)

        with self.mongo.client.start_session() as session:
            session.with_transaction(write)


def embedded(comment: Document, name: str) -> Document:
    """Return a comment as it stands in a page, with a copy of its author's name."""
    return {"_id": comment["_id"], "author": {"_id": comment["author"], "name": name}, "text": comment["text"]}


def _rows(document: Document | None) -> dict[int, Any]:
    """Return a page's head as 0, and its comments by their keys."""
    if document is None:
        return {}
    head = {name: value for name, value in document.items() if name != "comments"}
    return {0: head, **{comment["_id"]: comment for comment in document["comments"]}}


def _page(document: Document) -> Page:
    newest = tuple((comment["author"]["name"], comment["text"]) for comment in document["comments"][::-1])
    return Page(document["title"], document["author"]["name"], document["count"], newest)

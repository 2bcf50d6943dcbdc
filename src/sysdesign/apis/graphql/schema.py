"""The graph: authors, books and reviews, and a reader's own notes, as graphene's types.

A resolver returns a loader's promise and never asks the database itself. What may fail alone may be null; what is promised not to be
null takes its parent with it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

from graphene import ID, Field, Int, Mutation, NonNull, ObjectType, Schema, String, relay
from graphql import GraphQLError
from sqlalchemy import Column, Connection, Table, insert
from sqlalchemy.dialects import postgresql, sqlite

from . import tables
from .database import Database
from .feed import Feed, Follower
from .loaders import NOTHING, Loaders
from .tables import BOOKS, NOTES, REVIEWS

MOST_STARS, MOST_CHARACTERS = 5, 10_000
DIGITS = 9  # of the largest id that a database is asked for
CURSOR = "cursor"


class Context(NamedTuple):
    """What resolvers get besides their parents: made for one request."""

    database: Database
    loaders: Loaders
    viewer: str | None
    reviews: Feed[tables.Review]


def wrong(message: str, code: str) -> GraphQLError:
    """Return an error that is the client's own."""
    return GraphQLError(message, extensions={"code": code})


def opaque(kind: str, number: int) -> str:
    """Return an id or a cursor, which clients are not meant to read."""
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


def kind_and_number(text: str) -> tuple[str, int]:
    """Read an id or a cursor. Raises GraphQLError."""
    try:
        kind, _, number = base64.b64decode(text, validate=True).decode().partition(":")
        if number.isascii() and number.isdigit() and len(number) <= DIGITS:
            return kind, int(number)
    except ValueError:  # of base64 or of UTF-8
        pass
    raise wrong("This is no id that was given out here.", "BAD_ID")


def number_in(text: str, kind: str) -> int:
    """Return the number in an id or a cursor of this kind. Raises GraphQLError."""
    told, number = kind_and_number(text)
    if told != kind:
        raise wrong(f"This is the id of something else than a {kind.lower()}.", "BAD_ID")
    return number


def said(text: str) -> str:
    """Return a text that every database can keep. Raises GraphQLError."""
    if len(text) > MOST_CHARACTERS or "\x00" in text or any("\ud800" <= each <= "\udfff" for each in text):
        raise wrong(f"A text has at most {MOST_CHARACTERS} characters, and each of them is one.", "BAD_INPUT")
    return text


def viewer_of(context: Context) -> str:
    """Return who asks. Raises GraphQLError."""
    if context.viewer is None:
        raise wrong("Say who you are first.", "UNAUTHENTICATED")
    return context.viewer


async def connection(
    context: Context, table: Table, parent: Column[int] | None, key: int, first: int, after: str | None
) -> dict[str, Any]:
    """Return a page of children as a Relay connection: cursors are places in an order that stays, not counts of what is before."""
    behind = number_in(after, CURSOR) if after else 0
    records, more = await context.loaders.pages(table, parent, first, behind).load(key) or NOTHING
    edges = [{"cursor": opaque(CURSOR, record.id), "node": record} for record in records]
    ends = [edge["cursor"] for edge in (edges[:1] + edges[-1:])] or [None]
    page = {"has_next_page": more, "has_previous_page": False, "start_cursor": ends[0], "end_cursor": ends[-1]}
    return {"edges": edges, "page_info": page}


def connected(kind: Callable[[], type], description: str) -> Field:
    """Return the field of a connection: who asks says how many, so that the cost of a query can be seen in it."""
    return Field(kind, required=True, first=Int(required=True), after=String(), description=description)


class Node(relay.Node):
    """Whatever has an id of its own in the whole graph."""

    class Meta:
        name = "Node"

    @classmethod
    def to_global_id(cls, type_: str, id_: int) -> str:
        return opaque(type_, id_)


class Author(ObjectType):
    """Who writes books."""

    class Meta:
        interfaces = (Node,)
        possible_types = (tables.Author,)

    name = String(required=True)
    biography = String(required=True)
    books = connected(lambda: BookConnection, "Their books, the first to be listed first.")

    @staticmethod
    async def resolve_books(author: tables.Author, info: Any, first: int, after: str | None = None) -> Any:
        return await connection(info.context, BOOKS, BOOKS.c.author_id, author.id, first, after)


class Book(ObjectType):
    """A book."""

    class Meta:
        interfaces = (Node,)
        possible_types = (tables.Book,)

    title = String(required=True)
    summary = String(required=True)
    author = NonNull(Author)
    reviews = connected(lambda: ReviewConnection, "What readers say of it.")
    note = String(description="What you have noted about it, for yourself alone.")

    @staticmethod
    def resolve_author(book: tables.Book, info: Any) -> Any:
        return info.context.loaders.authors.load(book.author_id)

    @staticmethod
    async def resolve_reviews(book: tables.Book, info: Any, first: int, after: str | None = None) -> Any:
        return await connection(info.context, REVIEWS, REVIEWS.c.book_id, book.id, first, after)

    @staticmethod
    def resolve_note(book: tables.Book, info: Any) -> Any:
        return info.context.loaders.notes.load(book.id) if info.context.viewer else None


class Review(ObjectType):
    """What a reader says of a book."""

    class Meta:
        interfaces = (Node,)
        possible_types = (tables.Review,)

    reader = String(required=True)
    stars = Int(required=True)
    text = String(required=True)
    book = NonNull(Book)

    @staticmethod
    def resolve_book(review: tables.Review, info: Any) -> Any:
        return info.context.loaders.books.load(review.book_id)


class AuthorConnection(relay.Connection):
    class Meta:
        node = Author


class BookConnection(relay.Connection):
    class Meta:
        node = Book


class ReviewConnection(relay.Connection):
    class Meta:
        node = Review


class Query(ObjectType):
    """What can be asked."""

    viewer = String(description="Who you are, if you have said so.")
    authors = connected(lambda: AuthorConnection, "All authors.")
    books = connected(lambda: BookConnection, "All books.")
    book = Field(Book, id=ID(required=True))
    node = Field(Node, id=ID(required=True), description="Whatever has this id.")

    @staticmethod
    def resolve_viewer(_: None, info: Any) -> str | None:
        viewer: str | None = info.context.viewer
        return viewer

    @staticmethod
    async def resolve_authors(_: None, info: Any, first: int, after: str | None = None) -> Any:
        return await connection(info.context, tables.AUTHORS, None, 0, first, after)

    @staticmethod
    async def resolve_books(_: None, info: Any, first: int, after: str | None = None) -> Any:
        return await connection(info.context, BOOKS, None, 0, first, after)

    @staticmethod
    def resolve_book(_: None, info: Any, id: str) -> Any:  # noqa: A002 - the argument's name
        return info.context.loaders.books.load(number_in(id, "Book"))

    @staticmethod
    def resolve_node(_: None, info: Any, id: str) -> Any:  # noqa: A002
        kind, number = kind_and_number(id)
        loaders = info.context.loaders
        kinds = {"Author": loaders.authors, "Book": loaders.books, "Review": loaders.reviews}
        if kind not in kinds:
            raise wrong("This is the id of nothing that can be had alone.", "BAD_ID")
        return kinds[kind].load(number)


async def existing(context: Context, book_id: str) -> tables.Book:
    """Return the book of an id. Raises GraphQLError."""
    book: tables.Book | None = await context.loaders.books.load(number_in(book_id, "Book"))
    if book is None:
        raise wrong("There is no such book.", "NOT_FOUND")
    return book


class AddReview(Mutation):
    """Say something of a book, to everybody."""

    class Arguments:
        book = ID(required=True)
        stars = Int(required=True, description=f"1 to {MOST_STARS}.")
        text = String(required=True)

    review = NonNull(Review)

    @staticmethod
    async def mutate(_: None, info: Any, book: str, stars: int, text: str) -> dict[str, tables.Review]:
        """Keep the review, and tell those who follow."""
        context, reader = info.context, viewer_of(info.context)
        if not 1 <= stars <= MOST_STARS:
            raise wrong(f"A review has 1 to {MOST_STARS} stars.", "BAD_INPUT")
        row: dict[str, Any] = {"book_id": (await existing(context, book)).id, "reader": reader}
        row |= {"stars": stars, "text": said(text)}
        added = insert(REVIEWS).values(row).returning(REVIEWS.c.id)
        number = await context.database.change(lambda connection: connection.execute(added).scalar_one())
        review = tables.Review(id=number, **row)
        context.loaders.pages.cache_clear()
        context.reviews.tell(review)
        return {"review": review}


class WriteNote(Mutation):
    """Note something about a book, for yourself alone."""

    class Arguments:
        book = ID(required=True)
        text = String(required=True)

    book = NonNull(Book)

    @staticmethod
    async def mutate(_: None, info: Any, book: str, text: str) -> dict[str, tables.Book]:
        """Keep the note instead of the one before."""
        context, reader = info.context, viewer_of(info.context)
        noted = await existing(context, book)

        row = {"reader": reader, "book_id": noted.id, "text": said(text)}

        def write(connection: Connection) -> None:
            into = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
            written = into(NOTES).values(row)
            connection.execute(written.on_conflict_do_update(index_elements=["reader", "book_id"], set_={"text": text}))

        await context.database.change(write)
        context.loaders.notes.forget(noted.id)  # it may have been read by this request already
        return {"book": noted}


class Change(ObjectType):
    """What can be changed: one thing after the other, in the order in which they are asked for."""

    class Meta:
        name = "Mutation"

    add_review = AddReview.Field()
    write_note = WriteNote.Field()


class Subscription(ObjectType):
    """What can be followed."""

    review_added = Field(
        Review, required=True, book=ID(), description="Reviews as they are added, of one book or of all."
    )

    @staticmethod
    def subscribe_review_added(_: None, info: Any, book: str | None = None) -> Follower[tables.Review]:
        wanted = None if book is None else number_in(book, "Book")
        context: Context = info.context
        return context.reviews.follow(lambda review: wanted in (None, review.book_id))

    @staticmethod
    def resolve_review_added(review: tables.Review, _info: Any, book: str | None = None) -> tables.Review:
        del book
        return review


SCHEMA = Schema(query=Query, mutation=Change, subscription=Subscription).graphql_schema

"""The tables of a bookshop, and what their rows are called outside the database."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text

METADATA = MetaData()

AUTHORS = Table(
    "authors",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("biography", Text, nullable=False),
)
BOOKS = Table(
    "books",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("author_id", ForeignKey(AUTHORS.c.id), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("summary", Text, nullable=False),
)
REVIEWS = Table(
    "reviews",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("book_id", ForeignKey(BOOKS.c.id), nullable=False, index=True),
    Column("reader", Text, nullable=False),
    Column("stars", Integer, nullable=False),
    Column("text", Text, nullable=False),
)
NOTES = Table(
    "notes",
    METADATA,
    Column("reader", Text, primary_key=True),
    Column("book_id", ForeignKey(BOOKS.c.id), primary_key=True),
    Column("text", Text, nullable=False),
)
"""What a reader has noted about a book, for nobody else's eyes."""


class Author(NamedTuple):
    """Who writes books."""

    id: int
    name: str
    biography: str


class Book(NamedTuple):
    """A book."""

    id: int
    author_id: int
    title: str
    summary: str


class Review(NamedTuple):
    """What a reader says of a book, to everybody."""

    id: int
    book_id: int
    reader: str
    stars: int
    text: str


RECORDS: dict[Table, type[Author | Book | Review]] = {AUTHORS: Author, BOOKS: Book, REVIEWS: Review}
"""What a row of a table becomes."""

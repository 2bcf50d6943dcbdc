"""The loaders of one request, and the statements with which they fetch."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Column, Table, func, select

from .database import Database
from .loader import MOST_KEYS, Loader
from .tables import AUTHORS, BOOKS, NOTES, RECORDS, REVIEWS


class Page(NamedTuple):
    """Some records in the order of their ids, and whether there are more behind them."""

    records: list[Any]
    more: bool


NOTHING = Page([], more=False)


class Loaders:
    """What one request has loaded.

    It is made for a request and thrown away with it: what it remembers was read for one viewer, at one time. A loader that
    outlives its request shows one person's notes to the next, and yesterday's to all.

    Args:
        database: Where from.
        viewer: Who asks; None for somebody unknown, who has no notes.
        most: How many keys a statement gets; 1 is a statement for each, as without a loader.
    """

    def __init__(self, database: Database, viewer: str | None, most: int = MOST_KEYS) -> None:
        self._database, self._viewer, self._most = database, viewer, most
        self.authors = Loader(self._by_id(AUTHORS), most)
        self.books = Loader(self._by_id(BOOKS), most)
        self.reviews = Loader(self._by_id(REVIEWS), most)
        self.notes = Loader(self._notes, most)
        # Pages of different lengths are different statements, and so are different loaders.
        self.pages = functools.cache(self._pages)

    def _by_id(self, table: Table) -> Callable[[list[int]], Awaitable[Mapping[int, Any]]]:
        async def fetch(ids: list[int]) -> dict[int, Any]:
            rows = await self._database.rows(select(table).where(table.c.id.in_(ids)))
            return {row.id: RECORDS[table](*row) for row in rows}

        return fetch

    async def _notes(self, books: list[int]) -> dict[int, str]:
        query = select(NOTES.c.book_id, NOTES.c.text)
        rows = await self._database.rows(query.where(NOTES.c.reader == self._viewer, NOTES.c.book_id.in_(books)))
        return {row.book_id: row.text for row in rows}

    def _pages(self, table: Table, parent: Column[int] | None, first: int, after: int) -> Loader[int, Page]:
        """Return a loader of the first children of each parent behind an id.

        Args:
            table: Where the children lie.
            parent: The column with their parents' ids; None if all have the same, which is nobody.
            first: How many of each parent's.
            after: The id behind which they begin.
        """

        async def fetch(parents: list[int]) -> dict[int, Page]:
            place = func.row_number().over(partition_by=parent, order_by=table.c.id).label("place")
            whose = [] if parent is None else [parent.in_(parents)]
            numbered = select(table, place).where(table.c.id > after, *whose).subquery()
            # One more than was asked for tells whether there are more.
            query = select(numbered).where(numbered.c.place <= first + 1).order_by(numbered.c.id)
            children = defaultdict(list)
            for *row, _ in await self._database.rows(query):
                record = RECORDS[table](*row)
                children[0 if parent is None else getattr(record, parent.name)].append(record)
            return {key: Page(found[:first], len(found) > first) for key, found in children.items()}

        return Loader(fetch, self._most)

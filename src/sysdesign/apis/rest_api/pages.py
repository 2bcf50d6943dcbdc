"""Pages of a long list: the next begins behind the last row of the one before, wherever that row is by now (keyset).

A page by its number (OFFSET) would begin behind so many rows: who inserts one in front makes it repeat a row, who deletes one makes it
skip one, and the database has to walk over all that is skipped. It is here to be compared.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Literal, NamedTuple

from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import Select, asc, desc, select, tuple_

from .database import BOOKMARKS
from .problems import Problem

Sort = Literal["created", "-created", "title", "-title", "visits", "-visits"]
Position = tuple[Any, str]
"""The key of a row in its order, and its id, which decides between equal keys."""


class Listing(NamedTuple):
    """Which bookmarks are listed, and in which order."""

    owner: str
    sort: Sort = "created"
    title: str | None = None
    """Only those of exactly this title."""

    @property
    def key(self) -> str:
        """The column of its order."""
        return self.sort.removeprefix("-")

    def rows(self) -> Select[Any]:
        """Return the query of the whole list, in its order. The columns come from an allow-list, never from a request."""
        direction = desc if self.sort.startswith("-") else asc
        found = select(BOOKMARKS).where(BOOKMARKS.c.owner == self.owner)
        if self.title is not None:
            found = found.where(BOOKMARKS.c.title == self.title)
        return found.order_by(direction(BOOKMARKS.c[self.key]), direction(BOOKMARKS.c.id))

    def behind(self, position: Position | None, limit: int) -> Select[Any]:
        """Return the query of at most `limit` rows behind a position: one descent into an index, however far behind."""
        found = self.rows().limit(limit)
        if position is None:
            return found
        row, last = tuple_(BOOKMARKS.c[self.key], BOOKMARKS.c.id), tuple_(*position)
        return found.where(row < last if self.sort.startswith("-") else row > last)

    def numbered(self, number: int, limit: int) -> Select[Any]:
        """Return the query of page `number`, from 1, by OFFSET."""
        return self.rows().limit(limit).offset((number - 1) * limit)


class Cursors:
    """Positions as clients get them: signed, so that they can be given back and not made up.

    Args:
        key: The secret that signs them.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def write(self, listing: Listing, position: Position) -> str:
        """Return a position as text."""
        return str(self._signed(listing).dumps(position))

    def read(self, listing: Listing, cursor: str) -> Position:
        """Return the position of a cursor. Raises Problem 404 if it was not written for this list: there is no such page."""
        try:
            key, identity = self._signed(listing).loads(cursor)
        except (BadData, ValueError):
            raise Problem(404, "There is no such page: a cursor comes from the Link of the page before.") from None
        return key, identity

    def _signed(self, listing: Listing) -> URLSafeSerializer:
        # The list is part of what is signed, so that a cursor of one list is none of another's.
        told = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
        return URLSafeSerializer(self._key, salt=json.dumps(listing), signer_kwargs=told)

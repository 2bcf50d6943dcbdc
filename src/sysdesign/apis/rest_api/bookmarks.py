"""Bookmarks: what one looks like, and the table that holds them. Each change asks for the version that it was made from."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from sqlalchemy import ColumnElement, delete, insert, select, true, update

from .database import BOOKMARKS, Database
from .merge_patch import merged
from .pages import Listing, Position
from .problems import Problem
from .rights import Caller, forbidden

PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
MAX_VISITS = 2**53 - 1  # what every reader of JSON can count to (RFC 7493 §2.2)
MAX_TITLE_CHARACTERS = 100

Title = Annotated[str, StringConstraints(pattern=PRINTABLE, min_length=1, max_length=MAX_TITLE_CHARACTERS)]
Address = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=500)]
Note = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=1_000)]
Label = Annotated[str, StringConstraints(pattern=PRINTABLE, max_length=50)]
LABEL = {"type": "string", "pattern": PRINTABLE, "maxLength": 50}
Labels = Annotated[
    dict[Label, Label],
    WithJsonSchema({"type": "object", "propertyNames": LABEL, "additionalProperties": LABEL}),
]
LabelChanges = Annotated[
    dict[Label, Label | None] | None,
    WithJsonSchema(
        {
            "type": ["object", "null"],
            "propertyNames": LABEL,
            "additionalProperties": {"anyOf": [LABEL, {"type": "null"}]},
        }
    ),
]


def whole(value: Any) -> Any:
    """Return 3 for 3.0: in JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Visits = Annotated[int, Field(ge=0, le=MAX_VISITS), BeforeValidator(whole)]
Version = str | None
"""A version as a client names it, or None for any."""


class Draft(BaseModel):
    """What a client says of a bookmark."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Title
    address: Address
    note: Note | None = None
    labels: Labels = Field(default_factory=dict)
    visits: Visits = 0


class Change(BaseModel):
    """What a client wants changed: what is absent stays, null takes away."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Title = Field(default_factory=str)
    address: Address = Field(default_factory=str)
    note: Note | None = None
    labels: LabelChanges = None
    visits: Visits | None = None


class Bookmark(Draft):
    """A bookmark as everybody sees it."""

    id: str
    owner: str
    created: Annotated[str, Field(json_schema_extra={"format": "date-time"})]


class Kept(Bookmark):
    """A bookmark, and which version of it this is."""

    version: int

    @property
    def etag(self) -> str:
        """The version as an entity tag (RFC 9110 §8.8.3)."""
        return f'"{self.version}"'

    def position(self, listing: Listing) -> Position:
        """Where it stands in a list."""
        return getattr(self, listing.key), self.id

    @property
    def draft(self) -> dict[str, Any]:
        """What a client has said of it."""
        return self.model_dump(include=set(Draft.model_fields))


class Bookmarks:
    """The bookmarks of all users; each method says on whose behalf, and the statement holds to that.

    Args:
        database: Where they are kept.
        clock: Tells the seconds since the epoch.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database, self._clock = database, clock

    def add(self, caller: Caller, draft: Draft) -> Kept:
        """Add a bookmark of the caller's. Its name cannot be guessed, and tells nothing."""
        created = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="microseconds")
        row = {
            "id": secrets.token_hex(16),
            "owner": caller.name,
            "version": 1,
            "created": created,
            **draft.model_dump(),
        }
        self._database.count(insert(BOOKMARKS).values(row))
        return Kept.model_construct(**row)

    def find(self, caller: Caller, identity: str) -> Kept:
        """Return a bookmark. Raises Problem 404 also for one that the caller may not read."""
        query = select(BOOKMARKS).where(BOOKMARKS.c.id == identity, owned_by(caller.reach("read")))
        for row in self._database.rows(query):
            return kept(row)
        raise Problem(404, "There is no such bookmark.")

    def page(self, listing: Listing, position: Position | None, limit: int) -> Sequence[Kept]:
        """Return at most `limit` bookmarks behind a position."""
        return [kept(row) for row in self._database.rows(listing.behind(position, limit))]

    def numbered_page(self, listing: Listing, number: int, limit: int) -> Sequence[Kept]:
        """Return page `number`, from 1: to be compared."""
        return [kept(row) for row in self._database.rows(listing.numbered(number, limit))]

    def replace(self, caller: Caller, identity: str, expected: Version, draft: Draft) -> Kept:
        """Put another in the place of a bookmark, if it is still the expected version. Raises Problem 403, 404, 412."""
        new = {**draft.model_dump(), "version": BOOKMARKS.c.version + 1}
        mine = self._mine(caller, identity, expected)
        for row in self._database.rows(update(BOOKMARKS).where(*mine).values(new).returning(BOOKMARKS)):
            return kept(row)
        raise self._why_not(caller, identity)

    def change(self, caller: Caller, identity: str, expected: Version, change: Mapping[str, Any]) -> Kept:
        """Merge a change into a bookmark. Raises Problem 403, 404, 412; pydantic's ValidationError if it would be none."""
        before = self.find(caller, identity)
        if expected not in {None, before.etag}:
            raise self._why_not(caller, identity)
        # What was merged into must still be there when the result is written, even if the client did not ask for that.
        return self.replace(caller, identity, before.etag, Draft.model_validate(merged(before.draft, change)))

    def remove(self, caller: Caller, identity: str, expected: Version) -> None:
        """Delete a bookmark, if it is still the expected version. Raises Problem 403, 404, 412."""
        if not self._database.count(delete(BOOKMARKS).where(*self._mine(caller, identity, expected))):
            raise self._why_not(caller, identity)

    def _mine(self, caller: Caller, identity: str, expected: Version) -> list[ColumnElement[bool]]:
        """Return what must hold at the moment of a write: comparing before it would let another in between."""
        conditions = [BOOKMARKS.c.id == identity, owned_by(caller.reach("write"))]
        if expected is not None:
            conditions.append(BOOKMARKS.c.version == version_of(expected))
        return conditions

    def _why_not(self, caller: Caller, identity: str) -> Problem:
        """Return why a write has found nothing. Raises Problem 404."""
        if caller.reach("write") not in {None, self.find(caller, identity).owner}:
            return forbidden()
        return Problem(412, "It has changed meanwhile: read it again.")


def owned_by(name: str | None) -> ColumnElement[bool]:
    """Return the condition that a bookmark is this user's, or anybody's."""
    return true() if name is None else BOOKMARKS.c.owner == name


def version_of(etag: str) -> int:
    """Return the version that an entity tag names; for a tag that is none of ours one that never was."""
    digits = etag.strip('"')
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else 0


def kept(row: Any) -> Kept:
    """Return the bookmark of a row."""
    return Kept.model_construct(**row._asdict())

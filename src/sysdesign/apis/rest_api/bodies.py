"""What requests bring and answers hold, apart from bookmarks: the types from which the document of the API is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .bookmarks import MAX_TITLE_CHARACTERS, PRINTABLE, Bookmark
from .pages import Sort
from .rights import Role

MAX_PAGE = 100
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Password = Annotated[str, Field(min_length=12, max_length=128)]  # NIST SP 800-63B: length, and no rules besides


class Body(BaseModel):
    """What a request brings: nothing but what is asked for, and of the type that is asked for."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Credentials(Body):
    """Who somebody says they are."""

    name: Name
    password: Password


class Refresh(Body):
    """A refresh token that is given back."""

    refresh_token: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.[A-Za-z0-9_-]{43}$")]


class Appointment(Body):
    """The role that somebody is given."""

    role: Role


class User(BaseModel):
    """A user, as the entitled see one."""

    name: str
    role: Role


class Tokens(BaseModel):
    """The tokens of a session."""

    access_token: str
    refresh_token: str
    token_type: str = "Bearer"  # noqa: S105 - RFC 6750
    expires_in: int


class Wanted(BaseModel):
    """Which bookmarks are asked for."""

    model_config = ConfigDict(extra="forbid")

    owner: Name | None = None
    title: Annotated[str, Field(pattern=PRINTABLE, max_length=MAX_TITLE_CHARACTERS)] | None = None
    sort: Sort = "created"
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 20
    cursor: Annotated[str, Field(min_length=1, max_length=4_096)] | None = None


class Page(BaseModel):
    """Some bookmarks of a list; Link tells where the next are."""

    items: list[Bookmark]

"""The API: users and their roles, tokens, bookmarks. What it says of itself stands in /openapi.json.

| answer | means                                                                             |
|--------|-----------------------------------------------------------------------------------|
| 401    | we do not know who this is                                                        |
| 403    | we do, and they may not do this                                                   |
| 404    | there is no such thing, or it is not for this caller to know                      |
| 412    | it has changed since the client read it                                           |
| 422    | well written, but not what this operation takes                                   |
| 428    | a change does not say which version it was made from (RFC 6585)                   |
| 503    | the database does not answer; nothing is wrong with the request                   |
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi import Body as InBody
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .accounts import Accounts, Granted
from .bodies import Appointment, Credentials, Name, Page, Refresh, Tokens, User, Wanted
from .bookmarks import Bookmark, Bookmarks, Change, Draft, Kept
from .pages import Cursors, Listing
from .problems import Problem, documented, unauthorised
from .rights import Caller

MERGE_PATCH = "application/merge-patch+json"

Identity = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class Services(NamedTuple):
    """What the API is made of."""

    accounts: Accounts
    bookmarks: Bookmarks
    cursors: Cursors


async def services(request: Request) -> Services:
    """Return what this application is made of."""
    found: Services = request.app.state.services
    return found


async def unstored(response: Response) -> None:
    """What belongs to one caller is kept by no cache."""
    response.headers["Cache-Control"] = "no-store"


Using = Annotated[Services, Depends(services)]
bearer = HTTPBearer(auto_error=False, bearerFormat="JWT")


def caller(using: Using, given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> Caller:
    """Return who sends the request. Raises Problem 401."""
    if given is None:
        raise unauthorised("This needs an access token.")
    return using.accounts.caller(given.credentials)


async def expected(
    if_match: Annotated[str, Header(default_factory=str, description="The ETag of the version to be changed, or *.")],
) -> str | None:
    """Return the version that a change was made from, None for any (RFC 9110 §13.1.1). Raises Problem 428."""
    if not if_match:
        raise Problem(428, "Say in If-Match which version this was made from: the ETag, or * for any.")
    return None if if_match == "*" else if_match


def written_in(media_type: str) -> Any:
    """Return the dependency that lets in only bodies of this media type. It raises Problem 415."""

    async def check(content_type: Annotated[str, Header(include_in_schema=False)] = "") -> None:
        if content_type.partition(";")[0].strip().lower() != media_type:
            raise Problem(415, f"This takes {media_type}.", {"Accept": media_type})

    return Depends(check)


Known = Annotated[Caller, Depends(caller)]
Expected = Annotated[str | None, Depends(expected)]
IN_JSON, IN_MERGE_PATCH = [written_in("application/json")], [written_in(MERGE_PATCH)]
router = APIRouter(dependencies=[Depends(unstored)])


@router.post("/users", status_code=201, responses=documented(400, 409, 415, 422), dependencies=IN_JSON)
def sign_up(using: Using, body: Credentials, response: Response) -> User:
    """Become a user."""
    using.accounts.sign_up(body.name, body.password)
    response.headers["Location"] = f"/users/{body.name}"
    return User(name=body.name, role="member")


@router.get("/users/{name}", responses=documented(401, 403, 404, 422))
def read_user(using: Using, known: Known, name: Name) -> User:
    """Read who a user is."""
    known.demand("read user", name)
    return User(name=name, role=using.accounts.role_of(name))


@router.put("/users/{name}/role", responses=documented(400, 401, 403, 404, 409, 415, 422), dependencies=IN_JSON)
def set_role(using: Using, known: Known, name: Name, body: Appointment) -> User:
    """Give a user another role."""
    known.demand("set role", name)
    if name == known.name:
        raise Problem(409, "Nobody changes their own role: there would soon be no admin left.")
    using.accounts.set_role(name, body.role)
    return User(name=name, role=body.role)


@router.post("/tokens", responses=documented(400, 401, 415, 422), dependencies=IN_JSON)
def sign_in(using: Using, body: Credentials) -> Tokens:
    """Begin a session."""
    return told(using.accounts.sign_in(body.name, body.password))


@router.post("/tokens/refresh", responses=documented(400, 401, 415, 422), dependencies=IN_JSON)
def refresh(using: Using, body: Refresh) -> Tokens:
    """Get new tokens for a refresh token, which has served then."""
    return told(using.accounts.refresh(body.refresh_token))


@router.post("/tokens/revoke", status_code=204, responses=documented(400, 415, 422), dependencies=IN_JSON)
def revoke(using: Using, body: Refresh) -> None:
    """End the session of a refresh token; of one that is of no use there is none, which is what was wanted (RFC 7009 §2.2)."""
    using.accounts.revoke(body.refresh_token)


@router.get("/bookmarks", responses=documented(401, 403, 404, 422))
def list_bookmarks(using: Using, known: Known, wanted: Annotated[Wanted, Query()], response: Response) -> Page:
    """List bookmarks, a page at a time."""
    listing = Listing(wanted.owner or known.name, wanted.sort, wanted.title)
    known.demand("read", listing.owner)
    position = using.cursors.read(listing, wanted.cursor) if wanted.cursor else None
    found = using.bookmarks.page(listing, position, wanted.limit + 1)  # one more tells whether there is a next page
    items, more = found[: wanted.limit], found[wanted.limit :]
    links = [link(wanted, "first")]
    if more:
        links.append(link(wanted, "next", using.cursors.write(listing, items[-1].position(listing))))
    response.headers["Link"] = ", ".join(links)
    return Page.model_construct(items=items)


@router.post("/bookmarks", status_code=201, responses=documented(400, 401, 415, 422), dependencies=IN_JSON)
def create_bookmark(using: Using, known: Known, draft: Draft, response: Response) -> Bookmark:
    """Add a bookmark."""
    new = using.bookmarks.add(known, draft)
    response.headers["Location"] = f"/bookmarks/{new.id}"
    return versioned(new, response)


@router.get("/bookmarks/{identity}", responses=documented(401, 404, 422))
def read_bookmark(using: Using, known: Known, identity: Identity, response: Response) -> Bookmark:
    """Read a bookmark."""
    return versioned(using.bookmarks.find(known, identity), response)


@router.put("/bookmarks/{identity}", responses=documented(400, 401, 403, 404, 412, 415, 422, 428), dependencies=IN_JSON)
def replace_bookmark(
    using: Using, known: Known, identity: Identity, version: Expected, draft: Draft, response: Response
) -> Bookmark:
    """Put another in the place of a bookmark."""
    return versioned(using.bookmarks.replace(known, identity, version, draft), response)


@router.patch(
    "/bookmarks/{identity}",
    responses=documented(400, 401, 403, 404, 412, 415, 422, 428),
    dependencies=IN_MERGE_PATCH,
)
def change_bookmark(
    using: Using,
    known: Known,
    identity: Identity,
    version: Expected,
    change: Annotated[Change, InBody(media_type=MERGE_PATCH)],
    response: Response,
) -> Bookmark:
    """Change a part of a bookmark (RFC 7396)."""
    wanted = change.model_dump(exclude_unset=True)
    return versioned(using.bookmarks.change(known, identity, version, wanted), response)


@router.delete("/bookmarks/{identity}", status_code=204, responses=documented(401, 403, 404, 412, 422, 428))
def remove_bookmark(using: Using, known: Known, identity: Identity, version: Expected) -> None:
    """Delete a bookmark."""
    using.bookmarks.remove(known, identity, version)


@router.get("/openapi.json", include_in_schema=False)
def document(request: Request) -> dict[str, Any]:
    """Read what this API is, in the words of OpenAPI."""
    told_of_it: dict[str, Any] = request.app.openapi()
    return told_of_it


def versioned(bookmark: Kept, response: Response) -> Kept:
    """Return a bookmark, and tell its version beside it."""
    response.headers["ETag"] = bookmark.etag
    return bookmark


def told(granted: Granted) -> Tokens:
    """Return tokens as a client gets them."""
    return Tokens(**granted._asdict())


def link(wanted: Wanted, relation: str, cursor: str | None = None) -> str:
    """Return a link to another page of the same list (RFC 8288)."""
    query = wanted.model_copy(update={"cursor": cursor}).model_dump(exclude_none=True)
    return f'</bookmarks?{urlencode(query)}>; rel="{relation}"'

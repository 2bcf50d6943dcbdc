"""The application: the API and what it is made of."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from .accounts import Accounts, Passwords
from .api import Services, router
from .bookmarks import Bookmarks
from .database import Database, Unavailable
from .pages import Cursors
from .problems import Problem, Told, unavailable
from .tokens import Tokens

SESSION_SECONDS = 30 * 24 * 3_600
ACCESS_SECONDS = 900


def create_app(
    database: str,
    token_key: str,
    cursor_key: str,
    *,
    admin: Mapping[str, str] | None = None,
    password_cost: Mapping[str, int] | None = None,
    access_seconds: int = ACCESS_SECONDS,
    session_seconds: int = SESSION_SECONDS,
    patience_seconds: float = 2.0,
) -> FastAPI:
    """Return the API as an ASGI application.

    Args:
        database: `sqlite:///path` or `postgresql://…`.
        token_key: The secret that signs access tokens, of 32 bytes at least.
        cursor_key: The secret that signs cursors, another one.
        admin: Name and password of the first admin, who is added if nobody has the name.
        password_cost: What a hash of a password costs; by default what argon2-cffi advises.
        access_seconds: How long an access token can be used.
        session_seconds: How long a session lasts after it was last refreshed.
        patience_seconds: How long the database may take.
    """
    store = Database(database, patience_seconds)
    accounts = Accounts(store, Passwords(password_cost), Tokens(token_key, access_seconds), session_seconds)
    if admin:
        _appoint(accounts, admin)
    app = FastAPI(title="Bookmarks", version="1.0", openapi_url=None, exception_handlers=REFUSALS)
    app.state.services = Services(accounts, Bookmarks(store), Cursors(cursor_key))
    app.include_router(router)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _appoint(accounts: Accounts, admin: Mapping[str, str]) -> None:
    try:
        accounts.sign_up(admin["name"], admin["password"], "admin")
    except Problem:
        return


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the document of the API, with the shape of its refusals, which no operation returns by itself."""
    document = FastAPI.openapi(app)
    document["components"]["schemas"][Told.__name__] = Told.model_json_schema()
    return document


async def _refused(_request: Request, problem: Any) -> JSONResponse:
    response: JSONResponse = problem.response()
    return response


async def _refused_by_framework(request: Request, error: Any) -> JSONResponse:
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))  # the framework names those of the first match only
    return Problem(error.status_code, str(error.detail), headers).response()


def _methods(request: Request) -> set[str]:
    """Return the methods that there are for the path of a request."""
    matching = (route for route in router.routes if route.matches(request.scope)[0] != Match.NONE)
    return {method for route in matching for method in getattr(route, "methods", ())}


async def _invalid(_request: Request, error: Any) -> JSONResponse:
    """Say what is wrong and where, but not what was sent: it may be a password."""
    found = error.errors()
    where = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
    malformed = any(each["type"] == "json_invalid" for each in found)
    return Problem(400 if malformed else 422, where).response()


async def _unavailable(_request: Request, _error: Any) -> JSONResponse:
    return unavailable().response()


async def _broken(_request: Request, _error: Any) -> JSONResponse:
    return Problem(500, "This is our fault, and we will find it in our log.").response()


REFUSALS: dict[Any, Callable[[Request, Any], Coroutine[Any, Any, Response]]] = {
    Problem: _refused,
    HTTPException: _refused_by_framework,
    RequestValidationError: _invalid,
    ValidationError: _invalid,
    Unavailable: _unavailable,
    Exception: _broken,
}

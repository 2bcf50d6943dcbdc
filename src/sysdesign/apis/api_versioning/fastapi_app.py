"""The API on FastAPI. The same router stands twice: below the number of a version, and without."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sysdesign.apis.response_formats import Problem

from .service import MAX_BODY_BYTES, VARY, Choice, Service

users = APIRouter()


def create(service: Service) -> FastAPI:
    """Return the API as an ASGI application."""
    handlers: Any = {Problem: refused, HTTPException: refused_by_framework}
    # The published contracts are the documentation, and a path with another slash at its end is another path.
    app = FastAPI(openapi_url=None, redirect_slashes=False, exception_handlers=handlers)
    app.state.service = service
    app.include_router(users)
    app.include_router(users, prefix="/v{number}")
    app.add_api_route("/versions", lambda: {"versions": service.versions()})
    return app


def service_of(request: Request) -> Service:
    """Return the service of the application that answers."""
    found: Service = request.app.state.service
    return found


def chosen(request: Request) -> Choice:
    """Find the version before anything else is done."""
    headers = {name: ", ".join(request.headers.getlist(name)) for name in request.headers}
    number = request.path_params.get("number")
    request.state.choice = found = service_of(request).choose(number, request.scope["path"], headers)
    return found


async def whole_body(request: Request, _choice: Annotated[Choice, Depends(chosen)]) -> bytes:
    """Return the body. Raises Problem 413 before more than that is in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"A body may have {MAX_BODY_BYTES} bytes.")
    return bytes(body)


Chosen = Annotated[Choice, Depends(chosen)]
Served = Annotated[Service, Depends(service_of)]
Body = Annotated[bytes, Depends(whole_body)]


@users.get("/users")
def list_users(choice: Chosen, service: Served) -> JSONResponse:
    """Answer with all users."""
    return answer(choice, service.all(choice))


@users.get("/users/{user}")
def get_user(user: str, choice: Chosen, service: Served) -> JSONResponse:
    """Answer with a user."""
    return answer(choice, service.get(choice, user))


@users.put("/users/{user}")
def put_user(user: str, request: Request, body: Body, choice: Chosen, service: Served) -> JSONResponse:
    """Make or change a user."""
    status, written = service.put(choice, user, request.headers.get("Content-Type", ""), body)
    return answer(choice, written, status)


def answer(choice: Choice, document: Any, status: int = 200) -> JSONResponse:
    """Return a document in the media type that was asked for, with what its version tells of itself."""
    return JSONResponse(document, status, choice.fields, choice.media)


async def refused(request: Request, problem: Problem) -> JSONResponse:
    """Say why a request is refused."""
    choice = getattr(request.state, "choice", None)
    fields = {**(choice.fields if choice else VARY), **problem.headers}
    return JSONResponse(problem.members, problem.status, fields, "application/problem+json")


async def refused_by_framework(request: Request, error: HTTPException) -> JSONResponse:
    """Say in the same form what the framework has refused."""
    return await refused(request, Problem(error.status_code, error.detail, dict(error.headers or {})))

"""Requests that are refused, and why (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 1


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is not served: nothing has changed.

    Args:
        status: The HTTP status.
        detail: What the client can do about it.
        headers: Further header fields.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}

    def response(self) -> JSONResponse:
        """Return what the client is told."""
        told = {"title": HTTPStatus(self.status).phrase, "status": self.status, "detail": self.detail}
        return JSONResponse(told, self.status, {"Cache-Control": "no-store", **self.headers}, MEDIA_TYPE)


class Told(BaseModel):
    """A problem, as the document of the API describes it."""

    title: str
    status: int
    detail: str


def unauthorised(detail: str) -> Problem:
    """Return the problem of a caller who is not known: 401, which has to say how to become known (RFC 9110 §11.6.1)."""
    return Problem(401, detail, {"WWW-Authenticate": 'Bearer realm="bookmarks"'})


def unavailable() -> Problem:
    """Return the problem of a database that does not answer. What it said is for the log, not for the client."""
    return Problem(503, "The store does not answer. Try again.", {"Retry-After": str(RETRY_AFTER_SECONDS)})


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how the document of the API describes these refusals of an operation, and the 503 that each may end with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{Told.__name__}"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in (*statuses, 503)}

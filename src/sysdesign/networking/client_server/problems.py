"""Requests that are refused, and why: `application/problem+json` (RFC 9457), whoever has refused them."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is not served: nothing was stored.

    Args:
        status: The HTTP status.
        detail: What the client can do about it.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


def answer(status: int, detail: str) -> Response:
    """Return the answer that tells of a problem."""
    members = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return Response(json.dumps(members), status, content_type=MEDIA_TYPE)


def answer_problems(app: Flask) -> None:
    """Let an application tell of all problems in this one way, those included that the framework finds."""

    @app.errorhandler(Problem)
    def ours(problem: Problem) -> Response:
        return answer(problem.status, problem.detail)

    @app.errorhandler(HTTPException)
    def found_by_the_framework(error: HTTPException) -> Response:
        response = answer(error.code or 500, error.description or "")
        for name, value in error.get_headers():  # a 405 has to name the methods that are allowed
            if name != "Content-Type":
                response.headers[name] = value
        return response

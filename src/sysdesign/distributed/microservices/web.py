"""What all APIs share: a request has a deadline and is part of a trace, and a failure is told as a problem (RFC 9457)."""

from __future__ import annotations

import json
import re
from typing import Any, TypeAlias

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from . import tracing
from .deadlines import HEADER, Deadline, DeadlineExceededError
from .limits import UnavailableError

Reply: TypeAlias = tuple[dict[str, Any], int]

LONGEST_SECONDS = 5.0
"""The deadline of a request that brings none."""

LARGEST_AMOUNT = 10**12
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def create_app() -> Flask:
    """Return an application without routes."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024
    app.wsgi_app = tracing.traced(app.wsgi_app)  # type: ignore[method-assign, assignment]

    @app.before_request
    def begin() -> None:
        g.deadline = Deadline.told(request.headers.get(HEADER), LONGEST_SECONDS)
        tracing.name_request(f"{request.method} {request.url_rule}", g.deadline.remaining_seconds())

    app.register_error_handler(HTTPException, lambda error: problem(error.code or 500, error.description or ""))
    app.register_error_handler(DeadlineExceededError, lambda _: problem(504, "there was no time left"))
    app.register_error_handler(UnavailableError, lambda error: problem(503, str(error)))
    return app


def problem(status: int, detail: str) -> Response:
    """Return what went wrong."""
    body = {"type": "about:blank", "status": status, "detail": detail}
    return Response(json.dumps(body), status, content_type="application/problem+json")


def name(text: object) -> str:
    """Return a name that stands in paths and keys as it is. Raises UnprocessableEntity for any other."""
    if not isinstance(text, str) or not NAME.fullmatch(text):
        raise UnprocessableEntity("a name is 1 to 64 letters, digits, - and _")
    return text


def amount(number: object, least: int = 1) -> int:
    """Return an amount of money in cents. Raises UnprocessableEntity for what is none."""
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= LARGEST_AMOUNT:
        raise UnprocessableEntity(f"an amount is a whole number from {least} to {LARGEST_AMOUNT}")
    return number


def body() -> dict[str, Any]:
    """Return the JSON object that the request brings. Raises HTTPException."""
    found = request.get_json()
    if not isinstance(found, dict):
        raise UnprocessableEntity("the body is not a JSON object")
    return found

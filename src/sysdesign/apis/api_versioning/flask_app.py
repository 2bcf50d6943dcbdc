"""The API on Flask. The same blueprint stands twice: below the number of a version, and without."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException

from sysdesign.apis.response_formats import Problem

from .service import MAX_BODY_BYTES, VARY, Service

users = Blueprint("users", __name__)


def create(service: Service) -> Flask:
    """Return the API as a WSGI application."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.extensions["service"] = service
    app.register_blueprint(users)
    app.register_blueprint(users, url_prefix="/v<number>", name="numbered")
    app.add_url_rule("/versions", view_func=lambda: {"versions": service.versions()})
    app.register_error_handler(Problem, refused)
    app.register_error_handler(HTTPException, refused_by_framework)
    app.after_request(tell)
    return app


def service() -> Service:
    """Return the service of the application that answers."""
    found: Service = current_app.extensions["service"]
    return found


@users.url_value_preprocessor
def take_number(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Take the version's number out of what the handlers get."""
    g.number = (values or {}).pop("number", None)


@users.before_request
def choose() -> None:
    """Find the version before anything else is done."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    g.choice = service().choose(g.number, request.path, headers)


@users.get("/users")
def list_users() -> Response:
    """Answer with all users."""
    return answer(service().all(g.choice))


@users.get("/users/<user>")
def get_user(user: str) -> Response:
    """Answer with a user."""
    return answer(service().get(g.choice, user))


@users.put("/users/<user>")
def put_user(user: str) -> Response:
    """Make or change a user."""
    status, written = service().put(g.choice, user, request.headers.get("Content-Type", ""), request.get_data())
    return answer(written, status)


def answer(document: Any, status: int = 200) -> Response:
    """Return a document in the media type that was asked for."""
    return Response(json.dumps(document), status, content_type=g.choice.media)


def tell(response: Response) -> Response:
    """Say with every answer which version it is, and how long that lasts."""
    response.headers.update(g.choice.fields if "choice" in g else VARY)
    return response


def refused(problem: Problem) -> Response:
    """Say why a request is refused."""
    body = json.dumps(problem.members)
    return Response(body, problem.status, problem.headers, content_type="application/problem+json")


def refused_by_framework(error: HTTPException) -> Response:
    """Say in the same form what the framework has refused."""
    fields = dict(error.get_headers())
    del fields["Content-Type"]
    return refused(Problem(error.code or 500, error.description or error.name, fields))

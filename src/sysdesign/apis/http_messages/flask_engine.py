"""The description, served by Flask."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from flask import Response as Outgoing
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected, HTTPException

from .description import Resource, head_only, openapi, respond
from .limits import MAX_BODY_BYTES, check_head, check_whole, cut_off, too_long
from .messages import Problem, Request, Response, in_json, refusal
from .methods import METHODS, nowhere


def create_app(resources: tuple[Resource, ...]) -> Flask:
    """Return the application."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    for resource in resources:
        path = resource.path.replace("{", "<").replace("}", ">")
        app.add_url_rule(path, resource.path, _view(resource), methods=METHODS, provide_automatic_options=False)
    document = openapi(resources)
    app.add_url_rule("/openapi.json", "document", lambda: _outgoing(in_json(200, document)))

    def lost(error: HTTPException) -> Outgoing:
        return _outgoing(head_only(Request(request.method), refusal(nowhere(error.code or 500, _target()))))

    app.register_error_handler(HTTPException, lost)
    return app


def _view(resource: Resource) -> Callable[..., Outgoing]:
    def view(**parameters: str) -> Outgoing:
        headers = {name.lower(): value for name, value in request.headers.items()}
        head = Request(request.method, parameters, headers)
        try:
            check_head(_target(), headers)
            body = _body()
            check_whole(headers, body)
        except Problem as problem:
            return _outgoing(head_only(head, refusal(problem)))
        return _outgoing(respond(resource, Request(head.method, parameters, headers, body)))

    return view


def _target() -> str:
    """Return path and query as they came."""
    target: str = request.environ.get("RAW_URI", request.full_path)
    return target


def _body() -> bytes:
    body = bytearray()
    try:
        while piece := request.stream.read(MAX_BODY_BYTES + 1 - len(body)):
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise too_long()
    except (ClientDisconnected, OSError):  # the end of the connection, before that of the body
        raise cut_off() from None
    return bytes(body)


def _outgoing(response: Response) -> Outgoing:
    outgoing = Outgoing(response.body, response.status)
    outgoing.automatically_set_content_length = False
    outgoing.headers = Headers(response.fields)  # in the place of a type and a length that it would add by itself
    return outgoing

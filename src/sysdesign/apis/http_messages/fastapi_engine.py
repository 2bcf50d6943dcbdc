"""The description, served by FastAPI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi import Request as Incoming
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.responses import Response as Outgoing
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from .description import Resource, head_only, openapi, respond
from .limits import MAX_BODY_BYTES, check_head, check_whole, cut_off, too_long
from .messages import Problem, Request, Response, refusal
from .methods import METHODS, nowhere


def create_app(resources: tuple[Resource, ...]) -> FastAPI:
    """Return the application."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for resource in resources:
        app.add_api_route(resource.path, _endpoint(resource), methods=METHODS)
    document = openapi(resources)
    app.add_api_route("/openapi.json", lambda: JSONResponse(document), methods=["GET"])

    async def lost(incoming: Incoming, error: Exception) -> Outgoing:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _outgoing(head_only(Request(incoming.method), refusal(nowhere(status, _target(incoming)))))

    app.add_exception_handler(HTTPException, lost)
    return app


def _endpoint(resource: Resource) -> Callable[[Incoming], Awaitable[Outgoing]]:
    async def endpoint(incoming: Incoming) -> Outgoing:
        headers: dict[str, str] = {}
        for name, value in incoming.headers.items():
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        head = Request(incoming.method, dict(incoming.path_params), headers)
        try:
            check_head(_target(incoming), headers)
            body = await _body(incoming)
            check_whole(headers, body)
        except Problem as problem:
            return _outgoing(head_only(head, refusal(problem)))
        # Handlers wait for each other: not in the thread in which all connections are served.
        request = Request(head.method, head.parameters, headers, body)
        return _outgoing(await run_in_threadpool(respond, resource, request))

    return endpoint


def _target(incoming: Incoming) -> str:
    """Return path and query as they came."""
    target: bytes = incoming.scope["raw_path"] + b"?" + incoming.scope["query_string"]
    return target.decode("latin-1")


async def _body(incoming: Incoming) -> bytes:
    body = bytearray()
    try:
        async for piece in incoming.stream():
            body += piece
            if len(body) > MAX_BODY_BYTES:
                raise too_long()
    except ClientDisconnect:  # the end of the connection, before that of the body
        raise cut_off() from None
    return bytes(body)


def _outgoing(response: Response) -> Outgoing:
    if isinstance(response.body, bytes):
        return Outgoing(response.body, response.status, response.fields)
    return StreamingResponse(response.body, response.status, response.fields)

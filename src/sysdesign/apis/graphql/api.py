"""GraphQL over HTTP: one address for all (the draft specification of the GraphQL Foundation).

| answer | means                                                                                                          |
|--------|----------------------------------------------------------------------------------------------------------------|
| 200    | it was executed; `errors` tells what is missing in `data`. As application/json: or it could not be, see there   |
| 400    | it is no GraphQL request; as application/graphql-response+json: or no valid one                                 |
| 401    | the token is none of ours                                                                                      |
| 405    | a mutation by GET: what changes something is not to be done by following a link                                 |
| 406, 413, 415 | nothing that the client takes is offered, the body is too long, or it is not JSON                       |

A body must be application/json, which no page of another site can send without asking: forms of strangers change nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from graphql import GraphQLError, OperationType
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_options_header

from . import database
from .execution import Refused, Service
from .execution import Request as GraphQLRequest

JSON, RESPONSE = "application/json", "application/graphql-response+json"
UTF_8, SAID_UTF_8 = "; charset=utf-8", re.compile(r"\s*;\s*charset=\"?utf-8\"?", re.IGNORECASE)

MAX_BODY_BYTES = 100_000


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """A request that is none, and the HTTP status that says so."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.headers = status, {name.replace("_", "-"): value for name, value in headers.items()}

    @property
    def response(self) -> dict[str, Any]:
        """What the client is told."""
        return {"errors": [{"message": str(self)}]}


class Readers:
    """Who asks, by the token that they bring; tokens are not kept, only their digests.

    Args:
        tokens: The names of readers by their tokens.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._names = {hashlib.sha256(token.encode()).digest(): name for token, name in tokens.items()}

    def name(self, credentials: str | None) -> str | None:
        """Return whose credentials these are, None for somebody who has none. Raises Problem 401 for wrong ones."""
        if credentials is None:
            return None
        scheme, _, token = credentials.partition(" ")
        name = self._names.get(hashlib.sha256(token.encode()).digest())
        if scheme.lower() != "bearer" or name is None:
            raise Problem(401, "This token is none of ours.", WWW_Authenticate="Bearer")
        return name


class Endpoint:
    """Answers requests by HTTP."""

    def __init__(self, service: Service, readers: Readers) -> None:
        self._service, self._readers = service, readers

    async def respond(self, request: Request) -> Response:
        """Execute what is asked for; say how many statements it took in Server-Timing."""
        tally = database.Tally()
        database.tally.set(tally)
        media = JSON
        try:
            media = wanted(request)
            told = await self._answer(request)
            answer = written(media, 200, told)
        except Refused as refused:
            # As application/json, only 200 tells that the answer is GraphQL's and not some proxy's.
            answer = written(media, 200 if media == JSON else 400, refused.response)
        except Problem as problem:
            answer = written(media, problem.status, problem.response, problem.headers)
        answer.headers["Server-Timing"] = f'sql;desc="{tally.statements}"'
        return answer

    async def _answer(self, request: Request) -> dict[str, Any]:
        viewer = self._readers.name(request.headers.get("Authorization"))
        asked = in_url(request) if request.method != "POST" else in_body(request, await body_of(request))
        operation = await run_in_threadpool(self._service.prepare, asked)  # a large document takes its time
        if operation.kind is OperationType.SUBSCRIPTION:
            raise Refused(GraphQLError("Subscriptions are answered by WebSocket."))
        if operation.kind is OperationType.MUTATION and request.method != "POST":
            raise Problem(405, "A mutation must be sent by POST.", Allow="POST")
        return await self._service.execute(operation, viewer)


def wanted(request: Request) -> str:
    """Return the media type of the answer. Raises Problem 406.

    Who says nothing, or takes anything, gets application/json, as clients expect that are older than the other type.
    """
    field = ", ".join(request.headers.getlist("Accept")) or "*/*"
    accept = parse_accept_header(SAID_UTF_8.sub("", field), MIMEAccept)
    named = any(media.lower() == RESPONSE for media in accept.values())
    # Each offer's quality is that of the most specific range that holds it; of equals the first is taken.
    best = max((RESPONSE, JSON) if named else (JSON, RESPONSE), key=accept.quality)
    if accept.quality(best) <= 0:
        raise Problem(406, f"Answers are {JSON} or {RESPONSE}.")
    return best


def written(media: str, status: int, told: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer as JSON."""
    body = json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(body, status, {"Content-Type": media + UTF_8, "Vary": "Accept, Authorization", **(headers or {})})


async def body_of(request: Request) -> bytes:
    """Return the body. Raises Problem 413 before too much of it is in memory, 400 for half of one."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise Problem(413, f"A request may have {MAX_BODY_BYTES} bytes.")
    except ClientDisconnect:
        raise Problem(400, "Half a request is none.") from None
    return bytes(body)


def in_body(request: Request, body: bytes) -> GraphQLRequest:
    """Read a request that was sent by POST. Raises Problem."""
    media, options = parse_options_header(request.headers.get("Content-Type", ""))
    if media.lower() != JSON or options.get("charset", "utf-8").lower() != "utf-8":
        raise Problem(415, f"A request must be {JSON}, in UTF-8.", Accept=JSON)
    return request_of(parsed(body))


def in_url(request: Request) -> GraphQLRequest:
    """Read a request that was sent by GET: variables and extensions are JSON within the query of the URL. Raises Problem."""
    told: dict[str, Any] = dict(request.query_params)
    for name in ("variables", "extensions"):
        if name in told:
            told[name] = parsed(told[name].encode("utf-8", "surrogatepass"))
    return request_of({**told, "operationName": told.get("operationName") or None})


def parsed(text: bytes) -> Any:
    """Return what a JSON text means. Raises Problem 400."""
    try:
        return json.loads(text.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "This is not JSON.") from error


def _no_number(text: str) -> float:
    message = f"{text} is no number"
    raise ValueError(message)


def request_of(told: Any) -> GraphQLRequest:
    """Return the request that a JSON value is. Raises Problem 400."""
    if not isinstance(told, dict) or not isinstance(told.get("query"), str):
        raise Problem(400, "A request is an object with a text named query.")
    name = told.get("operationName")
    if not isinstance(name, str | None):
        raise Problem(400, "operationName must be a text.")
    for map_ in ("variables", "extensions"):
        if not isinstance(told.get(map_), dict | None):
            raise Problem(400, f"{map_} must be an object.")
    return GraphQLRequest(told["query"], name, told.get("variables") or {})

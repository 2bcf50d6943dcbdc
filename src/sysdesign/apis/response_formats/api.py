"""Invoices over HTTP, in any of the formats; and annotations, which are the client's own data, in those that have a shape for it.

| answer   | means                                                                                           |
|----------|-------------------------------------------------------------------------------------------------|
| 400      | the body is not what its format allows, or not what was sent                                    |
| 406, 415 | we do not write what the client takes, or do not read what it sent: the answer says what we do  |
| 413      | the body is longer than any invoice                                                             |
| 422      | well written, but no invoice                                                                    |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from . import digests
from .formats import Format, Values, offer
from .invoices import MAX_NUMBER, document_of, invoice_of
from .negotiation import IN_UTF_8, choose, media_type
from .problems import Problem
from .store import Store
from .values import bounded

MAX_BODY_BYTES = 1_048_576
NUMBER = re.compile(r"[1-9][0-9]{0,18}")


class Codec(NamedTuple):
    """How a document of one kind is read in one format, and written."""

    read: Callable[[int, bytes], Any]
    """Reads the document of this number. Raises Problem 400 or 422."""
    write: Callable[[Any], bytes]


class Resource:
    """Documents of one kind, in whatever format the client sends and takes.

    Args:
        kind: The name of the kind, in paths and in the store.
        codecs: How they are read and written, by media type; the favourite first.
        store: Keeps them, in no format of the wire.
    """

    def __init__(self, kind: str, codecs: Mapping[str, Codec], store: Store) -> None:
        self._kind, self._codecs, self._store = kind, codecs, store

    async def respond(self, request: Request) -> Response:
        """Take a document in, or give one out. Raises Problem."""
        number = number_of(request)
        if request.method != "PUT":
            media = wanted(request, self._codecs)
            return await run_in_threadpool(self._get, number, media)
        media = written_in(request, self._codecs)
        body = await body_of(request)
        return await run_in_threadpool(self._put, number, media, body)

    def _put(self, number: int, media: str, body: bytes) -> Response:
        new = self._store.put(self._kind, number, self._codecs[media].read(number, body))
        return Response(status_code=201 if new else 204, headers={"Location": f"/{self._kind}/{number}"})

    def _get(self, number: int, media: str) -> Response:
        try:
            document = self._store.get(self._kind, number)
        except KeyError:
            raise missing() from None
        return answer(media, self._codecs[media].write(document))


def of_invoices(each: Format) -> Codec:
    """Return how a format reads and writes invoices."""

    def read(number: int, body: bytes) -> Any:
        invoice = each.read(body)
        if invoice.number != number:
            raise Problem(422, f"This is invoice {invoice.number}, not {number}.")
        return document_of(invoice)

    return Codec(read, lambda document: each.write(invoice_of(document)))


def of_annotations(values: Values) -> Codec:
    """Return how a format reads and writes annotations: of a name that stands twice the last counts, as RFC 8259 §4 expects of most."""
    return Codec(lambda _number, body: bounded(values.read(body, unique=False)), values.write)


def missing() -> Problem:
    """Return the problem of a number for which there is nothing."""
    return Problem(404, "There is no such document.")


def number_of(request: Request) -> int:
    """Return the number in the path. Raises Problem 404."""
    text = request.path_params["number"]
    if not NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
        raise missing()
    return int(text)


def written_in(request: Request, known: Iterable[str]) -> str:
    """Return the media type of a body, which is one of the known. Raises Problem 415."""
    kind, types = media_type(request.headers.get("Content-Type", "")), list(known)
    if kind is None or kind.name not in types or kind.parameters not in IN_UTF_8:
        raise Problem(415, f"A body may be {', '.join(types)}, in UTF-8.", {"Accept": ", ".join(types)})
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # Who unpacks for strangers lets them decide how much memory it takes.
        raise Problem(415, "A body may not be compressed.", {"Accept-Encoding": "identity"})
    return kind.name


def wanted(request: Request, offered: Iterable[str]) -> str:
    """Return the media type that the client likes best of those that are offered. Raises Problem 406."""
    types = list(offered)
    if chosen := choose(field_of(request, "Accept"), types):
        return chosen
    raise Problem(406, f"This can be had as {', '.join(types)}.")


def field_of(request: Request, name: str) -> str | None:
    """Return a field that is a list and may be sent in several parts; None if there is none."""
    return ", ".join(request.headers.getlist(name)) or None


async def body_of(request: Request) -> bytes:
    """Return the whole body. Raises Problem 413 before more than that is in memory; 400 for one that has been altered."""
    body = bytearray()
    async for chunk in request.stream():  # raises ClientDisconnect if it ends too early: half a body is no body
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise Problem(413, f"A body may have {MAX_BODY_BYTES} bytes.")
    whole = bytes(body)
    digests.check(field_of(request, "Content-Digest"), whole)
    return whole


def answer(media: str, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a representation: caches are told that it depends on Accept, and its reader can see whether it came whole."""
    fields = {"Content-Type": media, "Vary": "Accept", "Content-Digest": digests.content_digest(body)}
    return Response(body, status, {**fields, **(headers or {})})


def refusals(offered: Sequence[Format]) -> dict[Any, Callable[[Request, Any], Response]]:
    """Return what answers each kind of refusal, the framework's own included, in a format that the client takes or else in the first."""
    types = {media: each for each in offered for media in each.media_types}

    def refuse(request: Request, problem: Problem) -> Response:
        each = types[choose(field_of(request, "Accept"), list(types)) or next(iter(types))]
        return answer(each.problem_type, each.write_problem(problem.members), problem.status, problem.headers)

    def refused_by_framework(request: Request, error: HTTPException) -> Response:
        return refuse(request, Problem(error.status_code, error.detail, dict(error.headers or {})))

    return {
        Problem: refuse,
        HTTPException: refused_by_framework,
        ClientDisconnect: lambda _request, _error: Response(status_code=400),  # nobody is there to read it
    }


def create_app(database: str, engine: str = "json", offered: Sequence[str] = ("json", "xml", "msgpack")) -> Starlette:
    """Return the API as an ASGI application.

    Args:
        database: The SQLite file of its documents.
        engine: What reads and writes JSON: `json` or `orjson`.
        offered: The formats, the favourite first.
    """
    store, entries = Store(database), offer(offered, engine)
    invoices = {media: of_invoices(each) for each in entries for media in each.media_types}
    annotations = {media: of_annotations(each.values) for each in entries if each.values for media in each.media_types}
    resources = {"invoices": invoices, "annotations": annotations}
    return Starlette(
        routes=[
            Route(f"/{kind}/{{number}}", Resource(kind, codecs, store).respond, methods=["GET", "PUT"])
            for kind, codecs in resources.items()
        ],
        exception_handlers=refusals(entries),
    )

"""Files over HTTP (ASGI): streamed both ways through the application, or past it by URLs that the store itself serves."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

from anyio import from_thread
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .bucket import CHUNK_BYTES, Failure, open_bucket
from .catalogue import Catalogue, File
from .files import Files
from .keys import BadKeyError, disposition
from .streams import Content

SHA256_BYTES = 32
LIMIT, MOST = 100, 1_000
RANGE = re.compile(r"bytes=(\d{1,18})?-(\d{1,18})?")
DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/=]+):")  # RFC 9530
SAFE = {
    "X-Content-Type-Options": "nosniff",  # the type is as it is told: text stays text
    "Content-Security-Policy": "sandbox; default-src 'none'",  # and if it were shown, it would have no origin, and no script
    "Accept-Ranges": "bytes",
}


def fields(file: File) -> dict[str, str]:
    """Return the header fields of a file."""
    shown = {"Content-Type": file.content_type, "Content-Disposition": disposition(file.key, file.content_type)}
    return {**SAFE, **shown, "ETag": f'"{file.object}"', "Repr-Digest": f"sha-256=:{file.sha256}:"}


def wanted_part(text: str | None, size: int) -> tuple[int, int] | None:
    """Return the first and last byte that a Range field asks for; None for the whole, as for what is not understood."""
    match = RANGE.fullmatch(text or "")
    if not match or not size:
        return None
    first, last = (None if number is None else int(number) for number in match.groups())
    if first is None:
        return (max(0, size - last), size - 1) if last else None
    if last is not None and last < first:
        return None
    return first, size - 1 if last is None else min(size - 1, last)


def checked_digest(text: object) -> str:
    """Return a SHA-256 in base64. Raises Failure: 400."""
    try:
        if isinstance(text, str) and len(base64.b64decode(text, validate=True)) == SHA256_BYTES:
            return text
    except binascii.Error:
        pass
    raise Failure(400, "a SHA-256 is 32 bytes in base64")


def announced_digest(request: Request) -> str | None:
    """Return the SHA-256 that the sender announces (Repr-Digest), if it does."""
    match = DIGEST.search(request.headers.get("Repr-Digest", ""))
    return checked_digest(match[1]) if match else None


def pulled(chunks: AsyncIterator[bytes]) -> Iterator[bytearray]:
    """Yield in a worker's thread what comes in the event loop: the sender waits until it is taken.

    To go from one to the other costs more than to receive: chunks are gathered before they change sides.
    """

    async def gathered() -> bytearray:
        piece = bytearray()
        async for chunk in chunks:
            piece += chunk
            if len(piece) >= CHUNK_BYTES:
                break
        return piece

    while piece := from_thread.run(gathered):
        yield piece


class Api:
    """The handlers, on the files of an application."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def put(self, request: Request) -> Response:
        """Write a file from the request's body."""
        condition = request.headers.get("If-Match")
        options: dict[str, Any] = {
            "if_absent": request.headers.get("If-None-Match") == "*",
            "if_match": None if condition is None else condition.strip('"'),
            "sha256": announced_digest(request),
        }
        key, kind, chunks = request.path_params["key"], request.headers.get("Content-Type"), pulled(request.stream())
        file = await run_in_threadpool(self._files.put, key, chunks, kind, **options)
        return JSONResponse(
            {"key": file.key, "size": file.size}, 201, fields(file) | {"Content-Type": "application/json"}
        )

    def get(self, request: Request) -> Response:
        """Read a file, or a part of it."""
        key = request.path_params["key"]
        file = self._files.catalogue.find(key)
        if request.method == "HEAD":
            return Response(headers=fields(file) | {"Content-Length": str(file.size)})
        part = wanted_part(request.headers.get("Range"), file.size)
        file, chunks = self._files.open(key, part)
        first, last = part or (0, file.size - 1)
        told = fields(file) | {"Content-Length": str(last - first + 1)}
        if part:
            told["Content-Range"] = f"bytes {first}-{last}/{file.size}"
        return StreamingResponse(chunks, 206 if part else 200, told)

    def delete(self, request: Request) -> Response:
        """Delete a file."""
        return Response(status_code=204 if self._files.delete(request.path_params["key"]) else 404)

    def listed(self, request: Request) -> Response:
        """List files, a page at a time: `after` is the last key of the page before."""
        asked = request.query_params
        limit = min(MOST, int(asked.get("limit", LIMIT)))
        files = self._files.catalogue.page(asked.get("prefix", ""), asked.get("after", ""), limit)
        rows = [{"key": file.key, "size": file.size, "type": file.content_type} for file in files]
        return JSONResponse({"files": rows, "next": files[-1].key if len(files) == limit else None})

    async def begin_upload(self, request: Request) -> Response:
        """Hand out a URL to upload to."""
        told = await request.json()
        content = Content(int(told["size"]), checked_digest(told["sha256"]))
        ticket = await run_in_threadpool(self._files.begin_upload, told["key"], content, told.get("type"))
        return JSONResponse(vars(ticket), 201)

    def finish_upload(self, request: Request) -> Response:
        """Make what was uploaded a file."""
        file = self._files.finish_upload(request.path_params["upload"])
        return JSONResponse({"key": file.key, "size": file.size}, 201)

    def url(self, request: Request) -> Response:
        """Send a browser to the store."""
        url = self._files.url(request.path_params["key"])
        return Response(status_code=307, headers={"Location": url, "Cache-Control": "no-store"})


def failed(request: Request, error: Exception) -> Response:
    """Tell a failure (RFC 9457). What the store says of itself stays here."""
    del request
    status, reason = 400, str(error)
    if isinstance(error, Failure):
        status, reason = (
            (error.status, error.reason) if error.status in {400, 404, 409, 412, 416} else (503, "the store")
        )
    return JSONResponse({"title": reason, "status": status}, status, {"Content-Type": "application/problem+json"})


def left(request: Request, error: Exception) -> Response:
    """Answer nobody: the sender has gone, and its upload with it."""
    del request, error
    return Response(status_code=400)


def create_app(files: Files) -> Starlette:
    """Return the application (ASGI)."""
    api = Api(files)
    routes = [
        Route("/files", api.listed),
        Route("/files/{key:path}", api.put, methods=["PUT"]),
        Route("/files/{key:path}", api.get),
        Route("/files/{key:path}", api.delete, methods=["DELETE"]),
        Route("/uploads", api.begin_upload, methods=["POST"]),
        Route("/uploads/{upload}", api.finish_upload, methods=["POST"]),
        Route("/urls/{key:path}", api.url),
    ]
    refused = dict.fromkeys((Failure, BadKeyError, KeyError, TypeError, ValueError), failed)
    return Starlette(routes=routes, exception_handlers={**refused, ClientDisconnect: left})


def serve(bucket: str, catalogue: str, timeout_seconds: float = 5.0) -> Starlette:
    """Return the application on the bucket and the catalogue at these URLs (see `open_bucket`, `Catalogue`)."""
    return create_app(Files(open_bucket(bucket, timeout_seconds), Catalogue(catalogue)))

"""Compression: text that is large enough goes to clients that understand gzip in a fraction of its bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Request, Response

LEAST_BYTES = 1_000
TYPES = frozenset({"application/javascript", "application/json", "application/xml", "image/svg+xml"})
LEVEL = 6
GZIP = 31
"""What zlib calls its largest window, in gzip's format."""


def compress(request: Request, response: Response) -> Response:
    """Compress a response as it streams, if it is text, is not compressed yet, and its client accepts that."""
    kind = response.mimetype or ""
    textual = kind.startswith("text/") or kind in TYPES
    length = response.content_length
    if not textual or response.headers.get("Content-Encoding") or (length is not None and length < LEAST_BYTES):
        return response
    response.vary.add("Accept-Encoding")
    whole = response.status_code == 200 and request.method != "HEAD"
    if not whole or response.cache_control.no_transform or not request.accept_encodings["gzip"]:
        return response
    response.response = Gzipped(response.response)
    response.direct_passthrough = True
    response.headers["Content-Encoding"] = "gzip"
    del response.headers["Content-Length"]
    del response.headers["Accept-Ranges"]
    tag, weak = response.get_etag()
    if tag and not weak:  # these are no longer the bytes that it named
        response.set_etag(tag, weak=True)
    return response


class Gzipped:
    """The pieces of a body, compressed one by one: nobody waits for the next piece to see this one."""

    def __init__(self, pieces: object) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        for piece in self._pieces:  # type: ignore[attr-defined]  # whatever WSGI takes for a body
            yield compressor.compress(piece) + compressor.flush(zlib.Z_SYNC_FLUSH)
        yield compressor.flush()

    def close(self) -> None:
        """Give up what is compressed."""
        if close := getattr(self._pieces, "close", None):
            close()

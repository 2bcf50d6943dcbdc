"""Responses: what a backend sends, taken apart and put together anew for the client."""

from __future__ import annotations

from dataclasses import dataclass

import httptools

from sysdesign.storage.load_balancing.messages import (
    CHUNKED,
    CLOSE,
    HOP_BY_HOP,
    KNOWN_BYTES,
    LAST_CHUNK,
    STATUS_LINES,
    Malformed,
    Reader,
    chunk,
)


@dataclass(frozen=True, slots=True)
class Known:
    """A head, once it has been read as that of a response with a length that keeps its connection."""

    received: bytes
    passed_on: bytes
    size: int
    """Of the whole response as it came, in bytes."""


class ResponseReader(Reader[httptools.HttpResponseParser]):
    """Takes responses from what a backend sends, one at a time."""

    def __init__(self) -> None:
        super().__init__(httptools.HttpResponseParser, HOP_BY_HOP)
        self._known: Known | None = None
        self.start(b"GET")

    def start(self, method: bytes, *, persistent: bool = True, close: bool = False) -> None:
        """Be ready for the response to a request.

        Args:
            method: The request's: a response to HEAD has no body, whatever its length says.
            persistent: Whether the client speaks HTTP/1.1, and so understands chunks.
            close: Whether the client's connection is to end with this response.
        """
        if self._worn:
            self._renew()
        self._method, self._persistent, self.close = method, persistent, close
        self._rechunked = self.until_close = False
        self.begun = self.complete = self.keep_alive = False

    def feed(self, data: bytes) -> None:
        """Read on. Raises Malformed."""
        if not self.begun and self._is_known(data):
            return
        while data and not self.begun:
            data = self._read_head(data)
        if data:
            self._parse(data)

    def _is_known(self, data: bytes) -> bool:
        """Take a whole response that differs in its body alone from the one before: the parser would find the same again."""
        known = self._known
        if known is None or len(data) != known.size or not data.startswith(known.received):
            return False
        if self._partial or self.close or self._method == b"HEAD":
            return False
        self.begun = self.complete = self.keep_alive = True
        self.out.append(known.passed_on + data[len(known.received) :])
        return True

    def _rewrite(self, head: bytes) -> None:
        """Write the head, and find out how the body ends (RFC 9112 §6.3)."""
        status, noted, end = self._parser.get_status_code(), self._note(head), b"\r\n"
        start = STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status
        if status < 200:
            self._inform(status, start + noted.lines + end)
            return
        self.begun = True
        if self._method == b"HEAD":
            self.complete = self._worn = True
        elif noted.chunked and self._persistent:
            self._rechunked = True
            end = CHUNKED + end
        elif noted.length is None and not self.complete:
            self.close, self.until_close = True, not noted.chunked
        passed_on = start + noted.lines + (CLOSE + end if self.close else end)
        self.out.append(passed_on)
        lasting = self.keep_alive and not (self._worn or self.close or noted.chunked)
        if lasting and noted.length is not None and len(head) <= KNOWN_BYTES:
            body = 0 if self.complete else noted.length  # 304 may tell the length of what it does not send
            self._known = Known(head, passed_on, len(head) + body)

    def _inform(self, status: int, head: bytes) -> None:
        """Pass on an informational response; the real one is still to come."""
        if status == 101:
            raise Malformed("a protocol that nobody asked for")
        if self._persistent:  # HTTP/1.0 knows no informational ones
            self.out.append(head)
        self.complete = False

    def on_message_begin(self) -> None:
        """Refuse a response that nobody asked for."""
        if self.complete:
            raise Malformed("a second response to one request")

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        if self.complete:
            raise Malformed("a body where none may be")
        self.out.append(chunk(data) if self._rechunked else data)

    def on_message_complete(self) -> None:
        """End the response."""
        self.complete = True
        if self._rechunked:
            self.out.append(LAST_CHUNK)

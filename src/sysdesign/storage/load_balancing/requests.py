"""Requests: what a client sends, taken apart and put together anew for a backend."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httptools

from sysdesign.storage.load_balancing.messages import (
    CHUNKED,
    HEAD_BYTES,
    HOP_BY_HOP,
    KNOWN_BYTES,
    LAST_CHUNK,
    Malformed,
    Reader,
    chunk,
)

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""What a client is told that waits before it sends its body."""

PLAIN = re.compile(rb"(GET|HEAD|OPTIONS|DELETE) /[\w.~!$&'()*+,;=:@/?%-]*", re.ASCII)
"""A method and a path that no two parsers read differently."""

VERSION = b" HTTP/1.1"


@dataclass(frozen=True, slots=True)
class Known:
    """What a client sends behind the path, once it has been read as a request without a body that keeps its connection."""

    received: bytes
    """The version, the fields and the empty line, as they came."""
    passed_on: bytes
    """The same, as a backend gets it."""
    key: bytes


class RequestReader(Reader[httptools.HttpRequestParser]):
    """Takes requests from what a client sends, one at a time.

    Args:
        forwarded: Fields that are added to each request, as they stand in a head, each with its end of line.
        affinity: The field whose value is the request's key, in lower case; none if empty.
        key: The key of a request without that field.
    """

    def __init__(self, forwarded: bytes = b"", affinity: bytes = b"", key: bytes = b"") -> None:
        super().__init__(httptools.HttpRequestParser, (*HOP_BY_HOP, b"expect", b"x-forwarded-for"), affinity)
        self._end, self._default_key = forwarded + b"\r\n", key
        self._known: Known | None = None
        self.start()

    def start(self) -> None:
        """Be ready for the next request."""
        if self._worn:
            self._renew()
        self._target = b""
        self._left = 0
        self._chunked = self.expects = self.complete = False
        self.method, self.key = b"", self._default_key
        self.persistent = self.keep_alive = True

    @property
    def begun(self) -> bool:
        """Whether a part of a head has come, but not yet all of it."""
        return bool(self._partial)

    def feed(self, data: bytes) -> bytes:
        """Read on; return what lies behind the end of the request. Raises Malformed."""
        if not self.method:
            if self._is_known(data):
                return b""
            data = self._read_head(data)
        if not data or not self.method or self.complete:
            return data
        if self._chunked:
            self._read_chunks(data)
            return b""
        piece, rest = data[: self._left], data[self._left :]
        self._left -= len(piece)
        self._parse(piece)
        return rest

    def _is_known(self, data: bytes) -> bool:
        """Take a whole request that differs in its path alone from the one before: the parser would find the same again.

        Clients send the same fields with every request. Looking whether they are the same costs a tenth of reading them.
        """
        known = self._known
        if known is None or self._partial or not data.endswith(known.received) or len(data) > HEAD_BYTES:
            return False
        start = data[: -len(known.received)]
        plain = PLAIN.fullmatch(start)
        if plain is None:
            return False
        self.method, self.key, self.complete = plain[1], known.key, True
        self.out.append(start + known.passed_on)
        return True

    def _read_chunks(self, data: bytes) -> None:
        try:
            self._parse(data)
        except Malformed:
            if not self.complete:
                raise
            self.keep_alive = False  # what came behind its end has not been taken: who sent it has to send it again

    def on_url(self, target: bytes) -> None:
        """Take the target of the request line."""
        if self.complete:
            raise Malformed("a request behind a chunked one that is not answered")
        self._target = target

    def _rewrite(self, head: bytes) -> None:
        parser, noted, whole = self._parser, self._note(head), self.complete
        version = parser.get_http_version()
        self.persistent = version == "1.1"
        if not self.persistent and version != "1.0":
            raise Malformed("a version that is not spoken here", 505)
        if noted.chunked and not self.persistent:
            raise Malformed("chunks in HTTP/1.0")
        if not self._target.startswith(b"/") and self._target != b"*":
            raise Malformed("a target that is no path")
        if noted.hosts != 1 and (noted.hosts or self.persistent):
            raise Malformed("not exactly one Host")
        if whole and (noted.chunked or noted.length):
            raise Malformed("an upgrade with a body")
        self.method, self._chunked, self._left = parser.get_method(), noted.chunked, noted.length or 0
        self.expects = noted.expects and self.persistent
        self.key = self._default_key if noted.key is None else noted.key
        self.keep_alive &= self.persistent
        end = CHUNKED + self._end if noted.chunked else self._end
        passed_on = VERSION + noted.lines + end
        self.out.append(b"%b %b%b" % (self.method, self._target, passed_on))
        bare = whole and self.keep_alive and not (self._worn or self.expects)
        if bare and len(head) <= KNOWN_BYTES:
            self._known = Known(head[head.index(VERSION) :], passed_on, self.key)

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        self.out.append(chunk(data) if self._chunked else data)

    def on_message_complete(self) -> None:
        """End the request."""
        self.complete = True
        if self._chunked:
            self.out.append(LAST_CHUNK)

"""Messages: HTTP/1.1 taken apart and put together anew, so that nothing ambiguous passes (RFC 9112 §11.2, request smuggling).

Two parsers that disagree about where a message ends are what smuggling lives on. The strict one here (llhttp) refuses two lengths, a length
beside chunks, a length that is no number, folded lines, lines that end in a bare LF or CR, blanks before a colon, control characters and
bad chunk framing. What it has let through is written anew: the start line from what was understood of it, the fields without those that are
about one connection, a chunked body in chunks of our own. So the next parser has nothing to disagree about.
"""

from __future__ import annotations

import functools
import http
import re
from abc import ABC, abstractmethod
from typing import Generic, NamedTuple, TypeVar

import httptools

HEAD_BYTES = 16_384
"""The longest head that is taken from a client or a backend."""

KNOWN_BYTES = 2_048
"""The longest fields that a connection remembers, to know them again."""

HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
"""Fields that are about one connection and do not go on to the next (RFC 9110 §7.6.1)."""

NOT_TO_NOMINATE = {b"close", b"keep-alive", b"content-length", b"host"}
"""What a Connection field may say without taking a field away: options, and fields that are not its to take."""

CHUNKED = b"Transfer-Encoding: chunked\r\n"
CLOSE = b"Connection: close\r\n"
END_OF_HEAD = b"\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in http.HTTPStatus}


class Malformed(Exception):  # noqa: N818 - what a message is
    """A message that is refused; `status` is what the client is told."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


def problem(status: int, *, body: bool = True, close: bool = True) -> bytes:
    """Return a whole response that tells a problem (RFC 9457).

    Args:
        status: Its status code.
        body: Whether to send the body, which an answer to HEAD must not have.
        close: Whether the connection ends with it.
    """
    told = f'{{"type": "about:blank", "title": "{http.HTTPStatus(status).phrase}", "status": {status}}}'.encode()
    head = b"%b\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n" % (STATUS_LINES[status], len(told))
    return head + CLOSE * close + b"\r\n" + told * body


def chunk(data: bytes) -> bytes:
    """Return data as one chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


@functools.cache
def fields(*names: bytes) -> re.Pattern[bytes]:
    """Return what finds the fields of these names, each with the end of the line before."""
    return re.compile(rb"\r\n(%b):[ \t]*([^\r\n]*)" % b"|".join(map(re.escape, names)), re.IGNORECASE)


class Noted(NamedTuple):
    """What the fields of a head say to us."""

    lines: bytes
    """The fields that go on, from the end of the line before to the end of the last."""
    hosts: int
    length: int | None
    chunked: bool
    expects: bool
    key: bytes | None


Parser = TypeVar("Parser", httptools.HttpRequestParser, httptools.HttpResponseParser)


class Reader(ABC, Generic[Parser]):
    """What requests and responses have in common: a head, found and checked as a whole, and a body that flows through."""

    def __init__(self, parser: type[Parser], removed: tuple[bytes, ...], affinity: bytes = b"") -> None:
        self._new_parser: type[Parser] = parser
        self._parser: Parser = parser(self)
        self._worn = False  # the parser cannot go on behind what it has read last
        self._headed = False
        self._removed, self._affinity = fields(*removed), affinity
        self._concerning = fields(*removed, b"host", b"content-length", *filter(None, [affinity]))
        self._partial = self._examined = b""
        self.keep_alive = False
        """Whether another message may follow on the connection."""
        self._noted = Noted(b"", 0, None, chunked=False, expects=False, key=None)
        self.out: list[bytes] = []
        """What is to be sent on: a head, then pieces of its body."""

    def _read_head(self, data: bytes) -> bytes:
        """Read a head if it is all there; return what lies behind it."""
        if self._partial:
            data, self._partial = self._partial + data, b""
        end = data.find(END_OF_HEAD)
        if (end if end >= 0 else len(data)) > HEAD_BYTES:
            raise Malformed("a long head", 431)
        if end < 0:
            if data.count(b"\n") != data.count(b"\r\n"):
                raise Malformed("a line that ends in LF alone")
            self._partial = data
            return b""
        head, data = data[: end + 4], data[end + 4 :]
        self._headed = False
        self._parse(head)
        if not self._headed:
            raise Malformed("empty lines, and no message")
        self._rewrite(head)
        return data

    def _renew(self) -> None:
        """Take a new parser, where the old one cannot go on."""
        self._parser, self._worn = self._new_parser(self), False

    @abstractmethod
    def _rewrite(self, head: bytes) -> None:
        """Write anew a head that the parser has let through."""

    def on_headers_complete(self) -> None:
        """Ask now whether the connection goes on: behind a message without a body the parser has forgotten it."""
        self._headed, self.keep_alive = True, self._parser.should_keep_alive()

    def _note(self, head: bytes) -> Noted:
        """Look at the fields of a head. Whoever is at the other end often sends the same ones again: then what was found is known."""
        lines = head[head.index(b"\r\n", 2) : -2]
        if lines != self._examined:
            self._noted, self._examined = self._examine(lines), lines if len(lines) <= KNOWN_BYTES else b""
        return self._noted

    def _examine(self, lines: bytes) -> Noted:
        found: dict[bytes, list[bytes]] = {}
        for name, value in self._concerning.findall(lines):
            found.setdefault(name.lower(), []).append(value.rstrip(b" \t"))
        nominated = {name.strip().lower() for value in found.get(b"connection", ()) for name in value.split(b",")}
        lines = self._removed.sub(b"", lines)
        if gone := nominated - NOT_TO_NOMINATE:
            lines = b"\r\n".join(line for line in lines.split(b"\r\n") if line.partition(b":")[0].lower() not in gone)
        return Noted(
            lines,
            len(found.get(b"host", ())),
            int(found[b"content-length"][0]) if b"content-length" in found else None,
            chunked=b"transfer-encoding" in found,
            expects=any(value.lower() == b"100-continue" for value in found.get(b"expect", ())),
            key=found[self._affinity][0] if self._affinity in found else None,
        )

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._worn = True  # not taken: here it is a message like any other
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except httptools.HttpParserError as error:
            raise Malformed(str(error)) from None

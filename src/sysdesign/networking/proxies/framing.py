"""Framing: requests that two servers could read in two ways are refused (RFC 9112 §11.2, request smuggling).

Smuggling lives on two parsers that disagree about where a request ends. waitress's parser is careful, and yet forgives some of what RFC
9112 lets it forgive: a length beside chunks, folded lines, versions that nobody has heard of. A proxy is the one that must not, because
somebody else reads after it. So the whole head is looked at as it came, before waitress takes it apart; and chunks are read by what
stands here. What has been understood is written anew for the backend, always with a length, never in the client's own chunks.
"""

from __future__ import annotations

import re
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest

REQUEST_LINE = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Z-]+ [\x21-\x7e]+ HTTP/1\.([01])")
FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
LENGTH = re.compile(rb"[0-9]{1,18}")
HOST = re.compile(rb"[A-Za-z0-9._~%!$&'()*+,;=-]*(:[0-9]*)?|\[[0-9A-Fa-f:.]+\](:[0-9]*)?")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})(;[\t\x20-\x7e\x80-\xff]*)?")
CONTROL_BYTES = 4_096
"""The longest line with a chunk's size, and the longest trailer."""


def ambiguity(head: bytes) -> str:
    """Return why a head must be refused, or nothing.

    Args:
        head: The request line and the fields as they came, each with its CRLF, and perhaps the empty line.
    """
    first, *lines = head.removesuffix(b"\r\n\r\n").removesuffix(b"\r\n").split(b"\r\n")
    start = REQUEST_LINE.fullmatch(first)
    if start is None:
        return "a request line that is none"
    found: dict[bytes, list[bytes]] = {}
    for line in lines:
        field = FIELD.fullmatch(
            line
        )  # no folded line is one, none with a bare CR, LF or NUL, none with a blank before its colon
        if field is None:
            return "a line that is no field"
        found.setdefault(field[1].lower(), []).append(field[2].rstrip(b" \t"))
    hosts, lengths = found.get(b"host", []), found.get(b"content-length", [])
    codings = found.get(b"transfer-encoding", [])
    persistent = start[1] == b"1"
    if len(hosts) > 1 or (persistent and not hosts) or not all(map(HOST.fullmatch, hosts)):
        return "not exactly one Host"
    if len(lengths) > 1 or not all(map(LENGTH.fullmatch, lengths)):
        return "not one length"
    if codings and (lengths or not persistent or [coding.lower() for coding in codings] != [b"chunked"]):
        return "a coding beside a length, or in HTTP/1.0, or other than chunked"
    return ""


class Chunks:
    """Reads a body in chunks; what waitress calls a receiver.

    Args:
        body: Takes the body without its framing, and keeps what is large on disk.
    """

    def __init__(self, body: Any) -> None:
        self._body, self._waiting = body, b""
        self._left = 0
        """Of the chunk that is being read, in bytes."""
        self._state = self._read_size
        self.completed = False
        self.error: BadRequest | None = None

    def __len__(self) -> int:
        return len(self._body)

    def getbuf(self) -> Any:
        """Return the body's buffer."""
        return self._body

    def getfile(self) -> Any:
        """Return the body as a file."""
        return self._body.getfile()

    def received(self, data: bytes) -> int:
        """Read on and return how many of these bytes were the body's: not what comes behind its end."""
        waiting = self._waiting + data
        while waiting and not self.completed and self.error is None:
            rest = self._state(waiting)
            if rest is None:  # it needs more
                break
            waiting = rest
        self._waiting = b"" if self.completed or self.error else waiting
        if len(self._waiting) > CONTROL_BYTES:
            self._refuse("a long line between chunks")
        return len(data) - len(waiting) if self.completed else len(data)

    def _refuse(self, reason: str) -> None:
        self.error = BadRequest(reason)

    def _read_line(self, waiting: bytes) -> tuple[bytes, bytes] | None:
        line, end, rest = waiting.partition(b"\r\n")
        return (line, rest) if end else None

    def _read_size(self, waiting: bytes) -> bytes | None:
        read = self._read_line(waiting)
        if read is None:
            return None
        line, rest = read
        size = CHUNK_SIZE.fullmatch(line)
        if size is None:
            self._refuse("a chunk's size that is none")
            return rest
        self._left = int(size[1], 16)
        self._state = self._read_data if self._left else self._read_trailer
        return rest

    def _read_data(self, waiting: bytes) -> bytes | None:
        piece, rest = waiting[: self._left], waiting[self._left :]
        self._body.append(piece)
        self._left -= len(piece)
        if not self._left:
            self._state = self._read_end
        return rest

    def _read_end(self, waiting: bytes) -> bytes | None:
        if len(waiting) == 1 and waiting == b"\r":
            return None
        if not waiting.startswith(b"\r\n"):
            self._refuse("a chunk longer than its size")
        self._state = self._read_size
        return waiting[2:]

    def _read_trailer(self, waiting: bytes) -> bytes | None:
        """Read the fields behind the last chunk, which nobody is told of: no backend should mistake them for others."""
        read = self._read_line(waiting)
        if read is None:
            return None
        line, rest = read
        if line and FIELD.fullmatch(line) is None:
            self._refuse("a line that is no field")
        self.completed = not line
        return rest


class Parser(HTTPRequestParser):  # type: ignore[misc, unused-ignore]  # waitress tells no types
    """Takes requests from what a client sends, and refuses what is ambiguous with 400 and the end of its connection."""

    body_rcv: Any

    def received(self, data: bytes) -> int:
        """Read on and return how many of these bytes were the request's."""
        if self.body_rcv is None and (self.header_plus + data).lstrip(b"\r\n")[:1].isspace():
            self.error, self.completed = BadRequest("a blank before the request line"), True
            return len(data)
        return int(super().received(data))

    def parse_header(self, header_plus: bytes) -> None:
        """Read a head. Raises ParsingError."""
        if reason := ambiguity(header_plus):
            raise ParsingError(reason)
        super().parse_header(header_plus)
        if self.chunked:
            self.body_rcv = Chunks(self.body_rcv.getbuf())

"""The client's side, for programs: one kept connection, and a time limit for each exchange as a whole.

Limits of sockets are for each step: whoever gets a byte now and then waits for ever. Here all steps of an exchange share one deadline.
"""

from __future__ import annotations

import json
import math
import select
import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .store import Note

MAX_ANSWER_BYTES = 16 * 1_048_576
DONE = range(200, 300)
Clock = Callable[[], float]


class Unanswered(Exception):  # noqa: N818 - a fact about the server
    """The exchange has broken off. Nobody here knows whether the server has done what it was asked for."""


class LateAnswer(Unanswered, TimeoutError):  # noqa: N818 - a fact about the server
    """The time limit was over before the answer was whole."""


class Refused(Exception):  # noqa: N818 - what the server did
    """The server has answered that it does not do it: 4xx for what the client can mend, 5xx for what it cannot.

    Args:
        status: The HTTP status.
        detail: The reason, if it was told.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status, self.detail = status, detail


class Client:
    """Asks a server, again and again on the same connection. For one thread at a time.

    Nothing is sent a second time: whether that does harm, only the caller can tell.

    Args:
        url: The server's address, `http://host:port`.
        seconds: The limit for one exchange, from opening the connection to the last byte of the answer; looking up a name comes on top.
        keep: Whether the connection is kept for the next exchange (RFC 9112 §9.3).
        clock: Tells the time in seconds.
    """

    def __init__(self, url: str, seconds: float = 5.0, *, keep: bool = True, clock: Clock = time.monotonic) -> None:
        split = urlsplit(url)
        self._connection = _Connection(split.hostname or "", split.port or 80, clock)
        self._seconds, self._keep, self._clock = seconds, keep, clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next exchange opens another."""
        self._connection.close()

    def ask(self, method: str, path: str, document: Any = None) -> Any:
        """Send a request, with a document as JSON if there is one, and return the document that is answered, or None.

        Raises:
            LateAnswer: It has taken too long.
            Unanswered: The connection could not be opened or broke, or the answer makes no sense.
            Refused: The server has told a problem.
        """
        try:
            status, body = self._exchange(method, path, document)
        except TimeoutError:
            raise LateAnswer(f"{method} {path}: no whole answer within {self._seconds} s") from None
        except (OSError, HTTPException) as error:
            raise Unanswered(f"{method} {path}: {error or type(error).__name__}") from error
        try:
            answer = json.loads(body) if body else None
        except (ValueError, RecursionError) as error:
            if status in DONE:
                raise Unanswered(f"{method} {path}: the answer is not JSON") from error
            answer = None
        if status not in DONE:
            raise Refused(status, str(answer.get("detail", "")) if isinstance(answer, dict) else "")
        return answer

    def _exchange(self, method: str, path: str, document: Any) -> tuple[int, bytes]:
        body, fields = None, {} if self._keep else {"Connection": "close"}
        if document is not None:
            body, fields["Content-Type"] = json.dumps(document).encode(), "application/json"
        self._connection.begin(self._clock() + self._seconds)
        whole = False
        try:
            self._connection.request(method, path, body, fields)
            response = self._connection.getresponse()
            if response.length is None and not response.chunked:  # it would end with the connection, which may break
                raise HTTPException("the answer does not tell where it ends")
            content = response.read(MAX_ANSWER_BYTES)
            if response.length or response.read(1):
                raise HTTPException("the answer has broken off, or is too long")
            whole = True
        finally:
            # What is left of a broken exchange would be taken for the beginning of the next answer.
            if not whole or not self._keep:
                self._connection.close()
        return response.status, content


class NotesClient(Client):
    """Asks a server of notes."""

    def notes(self) -> list[Note]:
        """Return all notes, the newest first. Raises Unanswered or Refused."""
        answer = self.ask("GET", "/notes")
        if not isinstance(answer, list):
            raise Unanswered("the answer is no list of notes")
        return [_note_of(each) for each in answer]

    def add(self, text: str) -> Note:
        """Add a note. Raises Refused; Unanswered if nobody knows whether it was added."""
        return _note_of(self.ask("POST", "/notes", {"text": text}))

    def remove(self, number: int) -> None:
        """Remove a note; one that is gone already is no error. Raises Unanswered or Refused."""
        self.ask("DELETE", f"/notes/{number}")


def _note_of(document: Any) -> Note:
    """Read a note; fields that a newer server adds do no harm. Raises Unanswered."""
    try:
        return Note(int(document["number"]), str(document["text"]))
    except (TypeError, KeyError, ValueError):
        raise Unanswered("the answer is no note") from None


class _Connection(HTTPConnection):
    """A connection whose every step ends at one deadline."""

    sock: _TimedSocket | None

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        super().__init__(host, port)
        self._clock, self._deadline = clock, math.inf

    def begin(self, deadline: float) -> None:
        """Set the deadline of the next exchange; leave a connection that the server has closed meanwhile."""
        self._deadline = deadline
        if self.sock is not None:
            self.sock.deadline = deadline
            poll = select.poll()
            poll.register(self.sock, select.POLLIN)
            if poll.poll(0):  # it has something to say before it was asked: its end
                self.close()

    def connect(self) -> None:
        """Open the connection within the deadline. Raises OSError."""
        left = max(self._deadline - self._clock(), 0.001)
        opened = socket.create_connection((self.host, self.port), timeout=left)
        # A body must not wait until its head is acknowledged.
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = _TimedSocket(opened, self._deadline, self._clock)


class _TimedSocket(socket.socket):
    """A socket whose steps have what is left of the time, and not each of them a time of its own."""

    def __init__(self, opened: socket.socket, deadline: float, clock: Clock) -> None:
        super().__init__(fileno=opened.detach())
        self.deadline, self._clock = deadline, clock

    def recv_into(self, *arguments: Any) -> int:
        """See `socket.recv_into`. Raises TimeoutError."""
        self._hurry()
        return super().recv_into(*arguments)

    def sendall(self, *arguments: Any) -> None:
        """See `socket.sendall`. Raises TimeoutError."""
        self._hurry()
        super().sendall(*arguments)

    def _hurry(self) -> None:
        left = self.deadline - self._clock()
        if left <= 0:
            raise TimeoutError
        self.settimeout(left)

"""The wire: one JSON object a line, one answer a request. Whoever serves names the error; whoever asks gets it as an exception."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

Address = tuple[str, int]


class Refused(Exception):  # noqa: N818 - the answer's name in the protocol
    """The node must not do this: it is no primary, or whoever asks belongs to an epoch that is over. Nothing was changed."""


class NotAcknowledged(Exception):  # noqa: N818 - not an error: the outcome is unknown
    """Too few replicas confirmed the write in time. It may survive or not; writing the same again is safe."""


class Superseded(ConnectionError):  # noqa: N818 - like the others, the name in the protocol
    """The order comes from an earlier connection than the one that feeds this node now: late, and not to be obeyed any more."""


_ERRORS: dict[str, type[Exception]] = {
    "refused": Refused,
    "not acknowledged": NotAcknowledged,
    "superseded": Superseded,
}


def describe(error: Exception) -> dict[str, Any]:
    """Return an exception of this protocol as an answer."""
    name = next(name for name, kind in _ERRORS.items() if isinstance(error, kind))
    return {"error": name, "message": str(error)}


class Connection:
    """A client's end of a wire. It connects at the first request, and anew after an error; threads take turns."""

    def __init__(self, address: Address, timeout_seconds: float) -> None:
        self.address = address
        self._timeout_seconds = timeout_seconds
        self._socket: socket.socket | None = None
        self._turn = threading.Lock()

    def ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and return the answer; one with `patience_seconds` may take so much longer.

        Raises:
            Refused, NotAcknowledged, Superseded: The node says so.
            OSError: The node does not answer in time, or is gone.
        """
        with self._turn:
            try:
                answer = self._exchange({"operation": operation, **arguments})
            except (OSError, ValueError) as error:
                self.close()
                raise ConnectionError(f"{self.address}: {error}") from error
        if "error" in answer:
            raise _ERRORS[answer["error"]](answer["message"])
        return answer

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._socket is None:
            self._socket = socket.create_connection(self.address, self._timeout_seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._lines = self._socket.makefile("rb")
        self._socket.settimeout(self._timeout_seconds + request.get("patience_seconds", 0.0))
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        line = self._lines.readline()
        if not line:
            raise ConnectionResetError("the node has gone")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._lines.close()
            self._socket.close()
            self._socket = None

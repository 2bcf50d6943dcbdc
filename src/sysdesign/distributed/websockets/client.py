"""A client of the chat that comes back: to whichever node answers, behind the last message that it has seen."""

from __future__ import annotations

import itertools
import json
import random
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

FIRST_SECONDS, LONGEST_SECONDS = 0.05, 5.0
ANSWER_SECONDS = 10.0


class ChatClient:
    """A person in the chat, on a thread of their own until `close`.

    What is said while no node answers is kept, and sent when one does; what a node may have taken before it died is sent again
    under its old key, so that it is said once.

    Args:
        nodes: The nodes' addresses, `ws://…`; one after the other is tried.
        origin: The origin that is told to them.
        cookie: The field with the pass, `chat_pass=…`.
        heard: Called with every event, in the client's thread; messages come in their order, each once.
        chance: Spreads the clients of a node that has died over time.
        answer_seconds: How long a node may be silent, though it is asked for a sign of life.
    """

    def __init__(
        self,
        nodes: Sequence[str],
        origin: str,
        cookie: str,
        heard: Callable[[dict[str, Any]], object],
        chance: random.Random | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        self._nodes = itertools.cycle(nodes)
        self._origin, self._cookie, self._heard = origin, cookie, heard
        self._chance, self._answer_seconds = chance or random.Random(), answer_seconds
        self.seen: dict[str, int | None] = {}
        """The rooms, and the number of the last message seen in each."""
        self.unanswered: dict[str, dict[str, Any]] = {}
        """What was said and is not known to have been taken, by its key."""
        self._connection: ClientConnection | None = None
        self._sending, self._closed = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def join(self, room: str) -> None:
        """Enter a room, and come back to it after every interruption."""
        with self._sending:
            self.seen.setdefault(room, None)
            self._send({"type": "join", "room": room, "after": self.seen[room]})

    def leave(self, room: str) -> None:
        """Leave a room."""
        with self._sending:
            self.seen.pop(room, None)
            self._send({"type": "leave", "room": room})

    def say(self, room: str, text: str) -> None:
        """Say something; it is sent until it is known to be taken."""
        with self._sending:
            message = {"type": "say", "room": room, "key": uuid.uuid4().hex, "text": text}
            self.unanswered[message["key"]] = message
            self._send(message)

    def typing(self, room: str) -> None:
        """Let the others know that something is being written."""
        with self._sending:
            self._send({"type": "typing", "room": room})

    def close(self) -> None:
        """Go for good."""
        self._closed.set()
        if (connection := self._connection) is not None:
            connection.close()
        self._thread.join()

    def _send(self, message: dict[str, Any]) -> None:
        """Send what can be sent; what is lost with the connection is sent again on the next one, if it matters."""
        if self._connection is not None:
            try:
                self._connection.send(json.dumps(message))
            except ConnectionClosed:
                self._connection = None

    def _live(self) -> None:
        failures = 0
        while not self._closed.wait(self._pause_seconds(failures)):
            failures += 1
            try:
                with connect(
                    next(self._nodes),
                    origin=Origin(self._origin),
                    additional_headers={"Cookie": self._cookie},
                    compression=None,
                    open_timeout=self._answer_seconds,
                    ping_interval=self._answer_seconds,
                    ping_timeout=self._answer_seconds,
                    close_timeout=self._answer_seconds,
                ) as connection:
                    self._begin(connection)
                    for text in connection:
                        failures = 0
                        self._take(json.loads(text))
            except (OSError, InvalidHandshake, ConnectionClosed, EOFError):
                continue

    def _pause_seconds(self, failures: int) -> float:
        """Return a pause that grows with failures, of a random length, so that clients do not all come back at the same moment."""
        longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2**failures) if failures else 0.0
        return self._chance.uniform(longest / 2, longest)

    def _begin(self, connection: ClientConnection) -> None:
        """Enter the rooms again, and say again what has not been answered."""
        with self._sending:
            self._connection = connection
            for room, after in self.seen.items():
                self._send({"type": "join", "room": room, "after": after})
            for message in self.unanswered.values():
                self._send(message)

    def _take(self, event: dict[str, Any]) -> None:
        room = event.get("room", "")
        with self._sending:
            if event["type"] in {"said", "refused"}:
                self.unanswered.pop(str(event.get("key")), None)
            elif event["type"] == "message":
                if room not in self.seen or event["number"] <= (self.seen[room] or 0):
                    return  # seen before
                self.seen[room] = event["number"]
            elif event["type"] == "joined" and room in self.seen:
                self.seen[room] = event["after"]
        self._heard(event)

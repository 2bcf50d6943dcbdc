"""A node: a process that owns one log and one SQLite file, and is a replica until it is told to lead.

Whoever leads sends its log to its followers, and takes from each answer how far that follower's log reaches on its disk: the answer
confirms writes, and says from where to go on. So a repeated, a missing and an altered entry all need no case of their own.

Every order carries the epoch of the primary that gives it. A node that has seen a later epoch refuses, and a primary that is refused
steps down: this is the fence. A node that starts again is a replica, whatever it was before: only an operator makes a primary.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import socketserver
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sysdesign.storage.replication.log import Entry, Log, Mark, TornEntry
from sysdesign.storage.replication.state import State
from sysdesign.storage.replication.wire import Address, Connection, NotAcknowledged, Refused, Superseded, describe

BATCH_ENTRIES = 500
STREAM_SECONDS = 1.0
"""How long a primary waits for a follower's answer before it connects anew."""
RETRY_SECONDS = 0.02


class Leadership:
    """What a primary knows of its followers, for as long as it leads them in this way."""

    def __init__(self, epoch: int, mode: str, followers: Mapping[str, Address]) -> None:
        self.epoch = epoch
        self.followers = followers
        self.confirmed = dict.fromkeys(followers, 0)
        self.over = False
        nodes = len(followers) + 1
        self._needed = {"asynchronous": 0, "quorum": nodes // 2, "synchronous": len(followers)}[mode]

    def acknowledges(self, position: int) -> bool:
        """Tell whether as many followers hold this position on their disks as the mode asks for."""
        return sum(confirmed >= position for confirmed in self.confirmed.values()) >= self._needed


class Node:
    """A node's part of the protocol: each public method is an operation, and returns what is answered.

    Args:
        name: What answers call it.
        directory: Where it keeps its log, its SQLite file and its epoch.
    """

    def __init__(self, name: str, directory: Path) -> None:
        self.name = name
        self._epoch_file = directory / "epoch"
        self._log = Log(directory / "entries.log")
        self._state = State(directory / "data.sqlite")
        self._torn = self._log.torn
        self._leadership: Leadership | None = None
        self._ticket = 0
        self._changed = threading.Condition(threading.RLock())
        self._epoch = int(self._epoch_file.read_text()) if self._epoch_file.exists() else 0
        self._recover()

    def _recover(self) -> None:
        """Apply what the log has and the database lacks; a database that the log does not reach begins a new log."""
        if not self._log.holds(self._state.mark):
            self._state.harden()
            self._log.restart(self._state.mark)
        while lines := self._log.after(self._state.mark.position, BATCH_ENTRIES):
            self._state.apply(map(Entry.decode, lines))

    # What clients ask

    def write(self, key: str, value: str, patience_seconds: float) -> dict[str, Any]:
        """Take a write, and answer when as many followers hold it as the mode asks for. Raises Refused, NotAcknowledged.

        Whoever reads from the primary meanwhile sees the write already.
        """
        with self._changed:
            if self._leadership is None:
                message = f"{self.name} is a replica: it takes no writes"
                raise Refused(message)
            entry = Entry(self._log.position + 1, self._epoch, key, value)
            self._record([entry])
            self._changed.wait_for(lambda: self._is_settled(entry), patience_seconds)
            if not self._is_acknowledged(entry):
                message = f"{self.name} holds {entry.mark}, but too few replicas have confirmed it"
                raise NotAcknowledged(message)
            return {"position": entry.position}

    def read(self, key: str, at_least: int) -> dict[str, Any]:
        """Answer with a key's value and the position it is from, or with nothing if this node has not come to `at_least`."""
        with self._changed:
            position = self._state.mark.position
            return {"value": self._state.read(key), "position": position} if position >= at_least else {}

    def status(self) -> dict[str, Any]:
        """Answer with the node's part and positions."""
        with self._changed:
            role = "replica" if self._leadership is None else "primary"
            position = self._state.mark.position
            return {"role": role, "position": position, "received": self._log.mark, "torn": self._torn}

    # What an operator orders

    def fence(self, epoch: int) -> dict[str, Any]:
        """Obey nobody of an earlier epoch from now on. Each epoch is given once: a second operator has to take the next."""
        with self._changed:
            if epoch <= self._epoch:
                message = f"epoch {epoch} was given before: it is {self._epoch}"
                raise Refused(message)
            self._admit(epoch)
            return self.status()

    def lead(self, epoch: int, mode: str, followers: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Be the primary of an epoch, in this mode, of these followers by name and address."""
        with self._changed:
            self._admit(epoch)
            self._step_down()
            self._leadership = Leadership(epoch, mode, {name: (host, port) for name, (host, port) in followers.items()})
            for follower in followers:
                threading.Thread(target=self._feed, args=(self._leadership, follower), daemon=True).start()
            return self.status()

    # What a primary orders

    def join(self, epoch: int) -> dict[str, Any]:
        """Follow the primary of this epoch; the answer says where this node's history ends.

        Its ticket goes with all further orders. A snapshot that was under way on a connection given up long ago may still arrive, when
        newer entries have been confirmed by way of another: without the ticket it would undo them.
        """
        with self._changed:
            self._admit(epoch)
            self._ticket += 1
            return {"mark": self._log.mark, "ticket": self._ticket}

    def append(self, epoch: int, ticket: int, lines: Sequence[str]) -> dict[str, Any]:
        """Put entries on the disk and apply them; the answer says where this node's history ends now."""
        with self._changed:
            self._admit(epoch, ticket)
            self._record(self._believed(lines))
            return {"mark": self._log.mark}

    def install(self, epoch: int, ticket: int, snapshot: str, checksum: int) -> dict[str, Any]:
        """Give up this node's own history and become what the snapshot is, unless that was altered on its way."""
        with self._changed:
            self._admit(epoch, ticket)
            if zlib.crc32(snapshot.encode()) == checksum:
                self._state.install(base64.b64decode(snapshot))
                self._log.restart(self._state.mark)
            else:
                self._torn += 1
            return {"mark": self._log.mark}

    # How it does it

    def _admit(self, epoch: int, ticket: int | None = None) -> None:
        """Let in only who belongs to this epoch, or begins a later one, and joined last. Raises Refused, Superseded."""
        if epoch < self._epoch:
            message = f"epoch {epoch} is over: it is {self._epoch}"
            raise Refused(message)
        if ticket not in (None, self._ticket):
            message = f"ticket {ticket} is no longer valid: {self.name} follows another connection"
            raise Superseded(message)
        if epoch > self._epoch:
            self._enter(epoch)

    def _enter(self, epoch: int) -> None:
        """Begin an epoch, on the disk first: a node that was fenced stays so when it starts again."""
        new = self._epoch_file.with_suffix(".new")
        with new.open("w") as file:
            file.write(str(epoch))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._epoch_file)
        self._epoch = epoch
        self._step_down()

    def _step_down(self) -> None:
        if self._leadership is not None:
            self._leadership.over = True
            self._leadership = None
            self._changed.notify_all()

    def _record(self, entries: Sequence[Entry]) -> None:
        """Log first, then apply: what the database shows, the disk has."""
        if entries:
            self._log.append(entries)
            self._state.apply(entries)
            self._changed.notify_all()

    def _believed(self, lines: Sequence[str]) -> list[Entry]:
        """Return the entries that continue the log, up to the first torn one: the primary will send from there again."""
        entries: list[Entry] = []
        for line in lines:
            try:
                entry = Entry.decode(line.encode())
            except TornEntry:
                self._torn += 1
                break
            if entry.position == self._log.position + len(entries) + 1:
                entries.append(entry)
        return entries

    def _is_acknowledged(self, entry: Entry) -> bool:
        leadership = self._leadership
        return leadership is not None and leadership.epoch == entry.epoch and leadership.acknowledges(entry.position)

    def _is_settled(self, entry: Entry) -> bool:
        return self._is_acknowledged(entry) or self._leadership is None or self._epoch != entry.epoch

    def _feed(self, leadership: Leadership, follower: str) -> None:
        """Keep one follower supplied until this leadership is over."""
        wire = Connection(leadership.followers[follower], STREAM_SECONDS)
        while not leadership.over:
            try:
                self._stream(leadership, follower, wire)
            except Refused:
                with self._changed:
                    if self._leadership is leadership:
                        self._step_down()
            except OSError:
                with self._changed:
                    self._changed.wait_for(lambda: leadership.over, RETRY_SECONDS)
        wire.close()

    def _stream(self, leadership: Leadership, follower: str, wire: Connection) -> None:
        """Bring the follower onto this history, by a snapshot if it has nothing or something else, then send what comes."""
        joined = wire.ask("join", epoch=leadership.epoch)
        mark, orders = Mark(*joined["mark"]), {"epoch": leadership.epoch, "ticket": joined["ticket"]}
        while self._has_to_be_seeded(mark):
            snapshot = base64.b64encode(self._state.snapshot())
            checksum = zlib.crc32(snapshot)
            mark = Mark(*wire.ask("install", **orders, snapshot=snapshot.decode(), checksum=checksum)["mark"])
        while lines := self._confirm(leadership, follower, mark):
            mark = Mark(*wire.ask("append", **orders, lines=[line.decode() for line in lines])["mark"])

    def _has_to_be_seeded(self, mark: Mark) -> bool:
        with self._changed:
            has_nothing = mark.position == 0 < self._log.position
            return has_nothing or not self._log.holds(mark)

    def _confirm(self, leadership: Leadership, follower: str, mark: Mark) -> list[bytes]:
        """Note how far the follower is, and wait for what it lacks; nothing once the leadership is over."""
        with self._changed:
            leadership.confirmed[follower] = mark.position
            self._changed.notify_all()
            self._changed.wait_for(lambda: leadership.over or self._log.position > mark.position)
            return [] if leadership.over else self._log.after(mark.position, BATCH_ENTRIES)


class _Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            for line in self.rfile:
                request = json.loads(line)
                try:
                    answer = self.server.operations[request.pop("operation")](**request)
                except (Refused, NotAcknowledged, Superseded) as error:
                    answer = describe(error)
                self.wfile.write(json.dumps(answer).encode() + b"\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: Address, node: Node) -> None:
        offered = (node.write, node.read, node.status, node.fence, node.lead, node.join, node.append, node.install)
        self.operations: dict[str, Callable[..., dict[str, Any]]] = {
            operation.__name__: operation for operation in offered
        }
        super().__init__(address, _Handler)


def main() -> None:
    """Run a node: `python -m sysdesign.storage.replication --name node-1 --port 20001`."""
    parser = argparse.ArgumentParser(prog="replication", description="A node of a replicated store on SQLite")
    parser.add_argument("--name", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--directory", type=Path, default=Path())
    options = parser.parse_args()
    with _Server((options.host, options.port), Node(options.name, options.directory)) as server:
        server.serve_forever()

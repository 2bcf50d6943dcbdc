"""The log: every write in its order, checksummed, and on the disk before anyone is told of it.

The log is what is replicated; the database is only what comes of applying it. A position in the log is therefore a position in
history, which a client can hold as a token. Each line carries a CRC-32 of its content, so that a line that was written half, or altered
on its way, is not believed: it is dropped, and fetched again from whoever has it.
"""

from __future__ import annotations

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class TornEntry(ValueError):  # noqa: N818 - what was found, not what went wrong in the program
    """A line of the log whose checksum does not fit its content, or whose position does not follow the one before."""


class Mark(NamedTuple):
    """How far a history goes. The epoch counts first: a later primary's history beats a longer one of an earlier primary."""

    epoch: int
    position: int


@dataclass(frozen=True)
class Entry:
    """One write: its position in the log, the epoch of the primary that took it, and what it sets."""

    position: int
    epoch: int
    key: str
    value: str

    @property
    def mark(self) -> Mark:
        """How far the history goes that ends with this entry."""
        return Mark(self.epoch, self.position)

    def encode(self) -> bytes:
        """Return the entry as a line: checksum, space, content as JSON."""
        content = json.dumps([self.position, self.epoch, self.key, self.value]).encode()
        return b"%08x %s\n" % (zlib.crc32(content), content)

    @classmethod
    def decode(cls, line: bytes) -> Entry:
        """Read a line. Raises TornEntry."""
        checksum, _, content = line.rstrip(b"\n").partition(b" ")
        if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(content):
            message = f"checksum {checksum!r} does not fit {content[:60]!r}"
            raise TornEntry(message)
        return cls(*json.loads(content))


class Log:
    """An append-only file of entries. Its first line is the base: the mark at which the database was when the log began.

    Args:
        path: The file; made if it is not there. A torn entry ends the log, and what follows it is dropped.
        sync: Brings a file's content to the disk itself: `os.fsync`.
    """

    def __init__(self, path: Path, sync: Callable[[int], None] = os.fsync) -> None:
        self._sync = sync
        self._file = path.open("a+b")
        self._offsets: list[int] = []
        self._base = Mark(0, 0)
        self.mark = Mark(0, 0)
        self.torn = 0
        """Entries that were found torn when the log was opened."""
        self._recover()

    def _recover(self) -> None:
        end = 0
        self._file.seek(0)
        for line in self._file:
            try:
                mark = self._next_mark(line, is_base=end == 0)
            except TornEntry:
                self.torn += 1
                break
            if end == 0:
                self._base = mark
            else:
                self._offsets.append(end)
            self.mark, end = mark, end + len(line)
        self._file.truncate(end)
        if end == 0:
            self.restart(Mark(0, 0))

    def _next_mark(self, line: bytes, *, is_base: bool) -> Mark:
        mark = Entry.decode(line).mark
        if not is_base and mark.position != self.position + 1:
            message = f"{mark} follows {self.mark}"
            raise TornEntry(message)
        return mark

    @property
    def position(self) -> int:
        """The position of the last entry, 0 if there has never been one."""
        return self.mark.position

    def restart(self, base: Mark) -> None:
        """Drop all entries: the database itself holds everything up to `base`."""
        self._file.truncate(0)
        self._offsets, self._base, self.mark = [], base, base
        self._write(Entry(base.position, base.epoch, "", "").encode())

    def append(self, entries: Sequence[Entry]) -> None:
        """Append entries that follow the last one; they are on the disk when this returns."""
        lines = [entry.encode() for entry in entries]
        end = self._end()
        self._write(b"".join(lines))
        for line in lines:
            self._offsets.append(end)
            end += len(line)
        self.mark = entries[-1].mark

    def _write(self, content: bytes) -> None:
        try:
            self._file.write(content)
            self._file.flush()
            self._sync(self._file.fileno())
        except OSError:  # what is on the disk now is unknown; only opening the log again tells, so nothing may follow
            with contextlib.suppress(OSError):
                self._file.close()
            raise

    def _read(self, begin: int, end: int) -> bytes:
        return os.pread(self._file.fileno(), end - begin, begin)

    def _end(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def after(self, position: int, limit: int) -> list[bytes]:
        """Return up to `limit` encoded entries behind a position that the log holds."""
        first = position - self._base.position
        chosen = self._offsets[first : first + limit]
        if not chosen:
            return []
        following = first + len(chosen)
        end = self._offsets[following] if following < len(self._offsets) else self._end()
        return self._read(chosen[0], end).splitlines(keepends=True)

    def holds(self, mark: Mark) -> bool:
        """Tell whether a history that ends at `mark` is a beginning of this one.

        Position and epoch of one entry suffice: an epoch has one primary, which never writes a position twice.
        """
        if mark == self._base:
            return True
        if not self._base.position < mark.position <= self.position:
            return False
        return Entry.decode(self.after(mark.position - 1, 1)[0]).mark == mark

    def close(self) -> None:
        """Close the file."""
        self._file.close()

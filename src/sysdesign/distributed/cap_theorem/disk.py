"""The disk: a journal of facts, each on the disk before anyone is told of it. A node that was killed is what its journal says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """An append-only file of JSON lines. A last line that was written half was never told to anyone, and is dropped.

    Args:
        path: The file; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+b")

    def replay(self) -> Iterator[dict[str, Any]]:
        """Yield every fact in its order, and drop what follows the last whole one."""
        end = 0
        self._file.seek(0)
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            end += len(line)
            yield json.loads(line)
        self._file.truncate(end)

    def write(self, *facts: dict[str, Any]) -> None:
        """Add facts, and return when they are on the disk."""
        if facts:
            self._file.write(b"".join(json.dumps(fact).encode() + b"\n" for fact in facts))
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

"""MessagePack: the values of JSON in fewer bytes, for programs rather than for people."""

from __future__ import annotations

from typing import Any

from .json_text import unique_names
from .problems import Problem


def read(body: bytes, *, unique: bool) -> Any:
    """Read MessagePack. Raises Problem 400; what is no value of JSON (binary, extensions) is for others to refuse."""
    import msgpack

    try:
        return msgpack.unpackb(body, object_pairs_hook=unique_names if unique else None)
    except (ValueError, msgpack.UnpackException) as malformed:
        raise Problem(400, f"This is not MessagePack: {malformed or type(malformed).__name__}.") from malformed


def write(value: Any) -> bytes:
    """Write MessagePack."""
    import msgpack

    packed: bytes = msgpack.packb(value)
    return packed

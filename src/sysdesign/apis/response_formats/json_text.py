"""JSON (RFC 8259), by the standard library or by orjson. What they write is the same to the byte; what they read is not:

| in a body                                  | json, with the hooks below | orjson                             |
|--------------------------------------------|----------------------------|------------------------------------|
| a name twice in one object                 | refused where it matters   | the last one, without a word       |
| an integer of more than 64 bits            | refused                    | a float, its last digits lost      |
| NaN, Infinity, 1e999, half a surrogate     | refused                    | refused                            |
"""

from __future__ import annotations

import json
from typing import Any

from .problems import Problem

LONGEST_INTEGER = 20
"""Digits and sign of 64 bits. To make a number of n digits takes n² steps: longer ones are not even begun."""


def read_standard(body: bytes, *, unique: bool) -> Any:
    """Read JSON by the standard library.

    Args:
        body: The text; it must be UTF-8, and begin without a byte order mark.
        unique: Whether a name that stands twice in an object is refused; otherwise the last one counts.

    Raises:
        Problem: 400.
    """
    try:
        return json.loads(
            body.decode(),
            parse_int=_integer,
            parse_constant=_no_number,
            object_pairs_hook=unique_names if unique else None,
        )
    except RecursionError as deep:
        raise Problem(400, "This is nested too deeply.") from deep
    except ValueError as malformed:
        raise Problem(400, f"This is not JSON: {malformed}.") from malformed


def write_standard(value: Any) -> bytes:
    """Write JSON by the standard library."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def read_fast(body: bytes, *, unique: bool) -> Any:
    """Read JSON by orjson, which cannot be asked about names that stand twice. Raises Problem 400."""
    import orjson

    del unique
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as malformed:
        raise Problem(400, f"This is not JSON: {malformed}.") from malformed


def write_fast(value: Any) -> bytes:
    """Write JSON by orjson."""
    import orjson

    return orjson.dumps(value)


def unique_names(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """Return an object. Raises Problem 400 for a name that is there twice: two readers may take two different values."""
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[Any] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise Problem(400, f"{str(twice)[:50]!r} stands twice in one object.")
    return members


def _integer(digits: str) -> int:
    if len(digits) > LONGEST_INTEGER:
        raise Problem(400, "Integers may have 64 bits.")
    return int(digits)


def _no_number(name: str) -> None:
    raise Problem(400, f"{name} is not JSON.")

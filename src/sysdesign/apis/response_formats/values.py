"""What a value must keep to, whatever it was written in: bounded, and such that every format of plain values can say it.

A parser's own limits differ from one to the next, and some have none. What stands here is checked behind all of them.
"""

from __future__ import annotations

import math
from typing import Any

from .problems import Problem

MAX_DEPTH = 64
"""How deeply arrays and objects may be nested."""

LEAST_INTEGER, GREATEST_INTEGER = -(2**63), 2**64 - 1
"""Integers of 64 bits, signed or not: more is beyond MessagePack and beyond most readers of JSON."""


def bounded(value: Any) -> Any:
    """Return a value that was read, as it is. Raises Problem 400.

    It is looked through without recursion: no input decides how deep our own stack becomes.
    """
    pending = [(value, 1)]
    while pending:
        value_here, depth = pending.pop()
        if isinstance(value_here, (dict, list)):
            if depth > MAX_DEPTH:
                raise Problem(400, f"Arrays and objects may be nested {MAX_DEPTH} deep.")
            if isinstance(value_here, dict):
                pending.extend((name, depth) for name in value_here)
                value_here = value_here.values()
            pending.extend((member, depth + 1) for member in value_here)
        elif complaint := _complaint(value_here):
            raise Problem(400, complaint)
    return value


def _complaint(value: Any) -> str | None:
    """Tell what is wrong with a value that holds no others."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return "Half of a surrogate pair is no character."
    elif isinstance(value, float):
        return None if math.isfinite(value) else "Numbers must be finite."
    elif isinstance(value, int):
        return None if LEAST_INTEGER <= value <= GREATEST_INTEGER else "Integers may have 64 bits."
    elif value is not None:
        return f"There is no {type(value).__name__} in JSON."
    return None

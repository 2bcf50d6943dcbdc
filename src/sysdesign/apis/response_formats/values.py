"""What a value must keep to, whatever it was written in: bounded, and such that every format of plain values can say it.

A parser's own limits differ from one to the next, and some have none. What stands here is checked behind all of them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
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
    pending: list[tuple[Iterable[Any], int]] = [((value,), 0)]
    while pending:
        members, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise Problem(400, f"Arrays and objects may be nested {MAX_DEPTH} deep.")
        for member in members:
            if isinstance(member, str):
                if not member.isascii():
                    _check_characters(member)
            elif isinstance(member, dict):
                pending += ((member, depth + 1), (member.values(), depth + 1))
            elif isinstance(member, list):
                pending.append((member, depth + 1))
            elif member is not None:
                _check_number(member)
    return value


def _check_characters(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as half:
        raise Problem(400, "Half of a surrogate pair is no character.") from half


def _check_number(value: Any) -> None:
    """Check a number or a truth value, which is a number to Python; whatever else there is, JSON has no word for it."""
    if not isinstance(value, (int, float)):
        raise Problem(400, f"There is no {type(value).__name__} in JSON.")
    if isinstance(value, int) and not LEAST_INTEGER <= value <= GREATEST_INTEGER:
        raise Problem(400, "Integers may have 64 bits.")
    if not math.isfinite(value):
        raise Problem(400, "Numbers must be finite.")

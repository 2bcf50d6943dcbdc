"""Conditions and ranges: what a client has already, what it wants to replace, and which part it lacks (RFC 9110 §13, §14)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from .messages import Problem, Response

TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def entity_tag(body: bytes) -> str:
    """Return the strong entity tag of a representation: equal for equal bytes, and for no others (RFC 9110 §8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def opaque(tag: str) -> str:
    """Return what a weak comparison looks at: `W/"1"` and `"1"` are the same to it (RFC 9110 §8.8.3.2)."""
    return tag.removeprefix("W/")


def matches_strongly(field: str, tag: str) -> bool:
    """Tell whether If-Match names this strong tag: a weak one matches nothing, for what is only alike must not be overwritten."""
    return tag in TAG.findall(field)


def matches_weakly(field: str, tag: str) -> bool:
    """Tell whether If-None-Match names a tag of which this one is a likeness: good enough to go on with a copy."""
    return opaque(tag) in {opaque(each) for each in TAG.findall(field)}


def check_before_change(headers: Mapping[str, str], tag: str) -> None:
    """Hold a change to its condition, which it must have: who does not say what it replaces overwrites what it has not seen.

    Args:
        headers: The request's fields.
        tag: The tag of what is there.

    Raises:
        Problem: 428 without a condition (RFC 6585 §3), 412 if it does not hold (RFC 9110 §13.2.2).
    """
    wanted, unwanted = headers.get("if-match"), headers.get("if-none-match")
    if wanted is None and unwanted is None:
        raise Problem(428, "Say in If-Match which version you have seen that you want to change.")
    held = wanted is None or wanted.strip() == "*" or matches_strongly(wanted, tag)
    if not held or (unwanted is not None and (unwanted.strip() == "*" or matches_weakly(unwanted, tag))):
        raise Problem(412, "The note is another by now. Get it again.", {"ETag": tag})


def representation(headers: Mapping[str, str], response: Response, *, ranges: bool) -> Response:
    """Return a whole response as its reader needs it: as it is, as 304, or as the part that was asked for (206 or 416)."""
    body = response.whole
    tag = entity_tag(body)
    fields = {**response.headers, "ETag": tag, "Cache-Control": "no-cache", "Accept-Ranges": "bytes"}
    unwanted = headers.get("if-none-match")
    if unwanted is not None and (unwanted.strip() == "*" or matches_weakly(unwanted, tag)):
        return Response(304, {name: value for name, value in fields.items() if name != "Content-Type"})
    match = RANGE.fullmatch(headers.get("range", "").strip())
    current = "if-range" not in headers or headers["if-range"] == tag
    if not (ranges and current and match and match.group(1) + match.group(2)):
        return Response(200, fields, body)  # a range that is not understood is ignored (RFC 9110 §14.2)
    return part(body, fields, match.group(1), match.group(2))


def part(body: bytes, fields: Mapping[str, str], first: str, last: str) -> Response:
    """Return the bytes from the first to the last, both included; without a first one, so many of the last. Raises Problem (416)."""
    begin = int(first) if first else max(0, len(body) - int(last))
    end = min(int(last), len(body) - 1) if first and last else len(body) - 1
    if first and last and int(last) < int(first):
        return Response(200, fields, body)
    if begin >= len(body):
        raise Problem(416, f"There are {len(body)} bytes.", {"Content-Range": f"bytes */{len(body)}"})
    return Response(206, {**fields, "Content-Range": f"bytes {begin}-{end}/{len(body)}"}, body[begin : end + 1])

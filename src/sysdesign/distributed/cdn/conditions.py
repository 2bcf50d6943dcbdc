"""Conditions: what a client has already and which part it wants, and what the edge has itself (RFC 9110 §13, §14; RFC 9111 §4.3)."""

from __future__ import annotations

import re

from sysdesign.distributed.cdn.messages import Fields, Request, timestamp

CONDITIONS = ("if-none-match", "if-modified-since", "range", "if-range")
"""Fields that the edge obeys itself: its origin is asked for the whole."""

ABOUT_THE_BODY = ("content-length", "content-type", "content-encoding", "content-range")
NOT_RENEWED = ("content-encoding", "content-length", "content-md5", "content-range", "etag")
"""Fields about the very bytes that are stored: a 304 does not change them (RFC 9111 §3.2)."""

RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def validators(stored: Fields) -> list[tuple[str, str]]:
    """Return the conditions by which an origin is asked whether what is stored is still the same."""
    told = (("If-None-Match", stored.get("etag")), ("If-Modified-Since", stored.get("last-modified")))
    return [(condition, value) for condition, value in told if value]


def renewed(stored: Fields, confirmation: Fields) -> Fields:
    """Return the stored fields with what a 304 says about them now."""
    new = confirmation.without(NOT_RENEWED)
    return Fields([*stored.without({name.lower() for name, _ in new}), *new])


def conditioned(request: Request, status: int, fields: Fields, body: bytes) -> tuple[int, Fields, bytes]:
    """Return the answer as the request's conditions want it: whole, in part (206, 416), or only that it is unchanged (304)."""
    if status == 200:
        if _unchanged(request, fields):
            return 304, fields.without(ABOUT_THE_BODY), b""
        if (wanted := RANGE.fullmatch(request.fields.get("range"))) and _still_the_same(request, fields):
            return _part(wanted[1], wanted[2], fields, body)
    return status, fields, body


def _unchanged(request: Request, fields: Fields) -> bool:
    if tags := request.fields.elements("if-none-match"):
        mine = _opaque(fields.get("etag"))
        return "*" in tags or bool(mine and mine in map(_opaque, tags))
    since = timestamp(request.fields.get("if-modified-since"))
    changed = timestamp(fields.get("last-modified") or fields.get("date"))
    return since is not None and changed is not None and changed <= since


def _opaque(tag: str) -> str:
    """Return an entity tag for the weak comparison."""
    return tag.removeprefix("W/")


def _still_the_same(request: Request, fields: Fields) -> bool:
    """Tell whether the part belongs to what the client has of it: by a strong tag, or by the very same date."""
    told = request.fields.get("if-range")
    tag = fields.get("etag")
    return not told or (told == tag and not tag.startswith("W/")) or told == fields.get("last-modified")


def _part(first: str, last: str, fields: Fields, body: bytes) -> tuple[int, Fields, bytes]:
    length = len(body)
    if first:
        begin, end = int(first), min(int(last) + 1 if last else length, length)
    else:
        begin, end = max(0, length - int(last or 0)), length
    whole = fields.without(("content-length", "content-range"))
    if begin >= end:
        return 416, Fields([*whole.without(ABOUT_THE_BODY), ("Content-Range", f"bytes */{length}")]), b""
    return 206, Fields([*whole, ("Content-Range", f"bytes {begin}-{end - 1}/{length}")]), body[begin:end]

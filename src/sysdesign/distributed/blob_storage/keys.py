"""Keys: what a name may be; and what browsers are told about a file so that they never run it as a page of ours."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

KEY_BYTES = 1_024
"""What S3 allows, counted in UTF-8."""

SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "video/mp4", "audio/mpeg"})
"""What browsers may show in place: nothing of it can hold a script. HTML, SVG, XML and PDF can; they are downloaded."""

UNKNOWN = "application/octet-stream"


class BadKeyError(ValueError):
    """This cannot be a key."""


def check_key(key: str) -> str:
    """Return the key, if it is one. Raises BadKeyError.

    Stores differ in what they do with an empty, `.` or `..` segment (S3 keeps it, others tidy it away, so that two keys become
    one); what copies keys to a disk may walk out of its folder. Control characters break lists in XML, and logs.
    """
    if not key:
        raise BadKeyError("a key has at least one character")
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        raise BadKeyError("a key is valid Unicode") from None
    if length > KEY_BYTES:
        raise BadKeyError(f"a key has at most {KEY_BYTES} bytes in UTF-8")
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in key) or "\\" in key:
        raise BadKeyError("a key has no control characters, and no backslashes")
    if any(segment in {"", ".", ".."} for segment in key.split("/")):
        raise BadKeyError("a key has no empty, `.` or `..` segments")
    return key


def told_type(content_type: str | None) -> str:
    """Return the media type that may be repeated to browsers: only that of plain printable characters."""
    given = (content_type or "").strip()
    return given if given.isascii() and given.isprintable() and "/" in given else UNKNOWN


def disposition(key: str, content_type: str) -> str:
    """Return the Content-Disposition of a file (RFC 6266): shown in place only if nothing in it can run."""
    how = "inline" if content_type.partition(";")[0].strip().lower() in SHOWN else "attachment"
    return f"{how}; filename*=UTF-8''{quote(key.rpartition('/')[2], safe='')}"

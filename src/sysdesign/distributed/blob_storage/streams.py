"""Streams: files of any size pass in pieces of a size that does not depend on theirs, and are checked on the way."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from .bucket import Bucket, Failure

PART_BYTES = 5 * 2**20
"""The least that S3 takes for a part that is not the last; with its 10,000 parts that makes 48 GiB."""


@dataclass(frozen=True)
class Content:
    """What bytes are: how many, and which (SHA-256 in base64)."""

    size: int
    sha256: str


class Digest:
    """Counts bytes and works out their SHA-256 as they pass."""

    def __init__(self) -> None:
        self._hash, self._size = hashlib.sha256(), 0

    def add(self, data: bytes | bytearray) -> None:
        """Take the next bytes in."""
        self._hash.update(data)
        self._size += len(data)

    @property
    def content(self) -> Content:
        """What has come so far."""
        return Content(self._size, base64.b64encode(self._hash.digest()).decode())


def in_parts(chunks: Iterable[bytes | bytearray], part_bytes: int = PART_BYTES) -> Iterator[bytearray]:
    """Yield the bytes again in parts of so many; the last may be shorter, and is empty if there is nothing at all.

    It is one buffer that is filled again and again, so that memory neither grows nor falls to pieces: a part is good until the
    next is asked for.
    """
    part, filled, first = bytearray(part_bytes), 0, True
    for chunk in chunks:
        rest = memoryview(chunk)
        while rest:
            taken = min(len(rest), part_bytes - filled)
            part[filled : filled + taken] = rest[:taken]
            filled, rest = filled + taken, rest[taken:]
            if filled == part_bytes:
                yield part
                filled, first = 0, False
    if filled or first:
        del part[filled:]
        yield part


def write(bucket: Bucket, key: str, chunks: Iterable[bytes | bytearray], content_type: str) -> Content:
    """Write an object of unknown length, holding one part at a time; if anything fails, nothing is left of it.

    Raises:
        Failure: The store failed. Whatever `chunks` raises is passed on.
    """
    digest, parts = Digest(), in_parts(chunks)
    part = next(parts)
    digest.add(part)
    if len(part) < PART_BYTES:
        bucket.put(key, part, content_type)
        return digest.content
    upload = bucket.begin(key, content_type)
    try:
        upload.part(1, part)
        for number, part in enumerate(parts, 2):
            digest.add(part)
            upload.part(number, part)
        upload.complete()
    except BaseException:
        with suppress(Failure):  # the sweep comes by
            upload.abort()
        raise
    return digest.content


def verified(chunks: Iterable[bytes], expected: Content) -> Iterator[bytes]:
    """Yield the chunks, the last one only when all of them are what was written. Raises Failure: 502, the bytes are others.

    By then the rest is out already: what matters is that the receiver, who knows the length, sees that it is not whole.
    """
    digest, held = Digest(), b""
    for chunk in chunks:
        digest.add(chunk)
        if held:
            yield held
        held = chunk
    if digest.content != expected:
        raise Failure(502, "the bytes are not those that were written")
    yield held

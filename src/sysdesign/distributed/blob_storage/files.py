"""Files: bytes in the store, and what is known of them in the database. The bytes come first, and nobody sees them before both are there.

Every write makes an object with a name of its own, made up here: what callers choose is a key of the database, and never reaches the
store. To overwrite is to let the key name another object, in one transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .bucket import EXPIRY_SECONDS, Bucket, Failure
from .keys import check_key, told_type
from .streams import Content, verified, write

if TYPE_CHECKING:
    from .catalogue import Catalogue, File

GRACE_SECONDS = 24 * 3_600.0
"""Longer than any upload takes, and any URL is good for."""


@dataclass(frozen=True)
class Ticket:
    """What a client needs to upload by itself: PUT the bytes to the URL with these header fields, then tell us the upload's name."""

    upload: str
    url: str
    headers: dict[str, str]


@dataclass
class Swept:
    """What a sweep has found and put right: objects without a row, rows without an object (their keys), uploads never completed."""

    objects: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)


class Files:
    """Files in a bucket and a catalogue.

    Args:
        bucket: Where the bytes are.
        catalogue: What is known of them.
    """

    def __init__(self, bucket: Bucket, catalogue: Catalogue) -> None:
        self.bucket, self.catalogue = bucket, catalogue

    def put(
        self,
        key: str,
        chunks: Iterable[bytes | bytearray],
        content_type: str | None = None,
        *,
        sha256: str | None = None,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> File:
        """Write a file from a stream; it is there, or there anew, when all of it is.

        Args:
            key: Its key.
            chunks: Its bytes.
            content_type: Its media type.
            sha256: What its SHA-256 must be, in base64, if the sender knows it.
            if_absent: Only if there is none.
            if_match: Only in place of the one that had this object.

        Raises:
            BadKeyError: It cannot be a key.
            Failure: 400, the bytes are not those announced; 412, the condition does not hold; or what the store says.
        """
        name, kind = uuid.uuid4().hex, told_type(content_type)
        self.catalogue.expect(name, check_key(key))
        content = write(self.bucket, name, chunks, kind)
        if sha256 is not None and sha256 != content.sha256:
            raise Failure(400, "the bytes are not those announced")
        return self.catalogue.commit(name, key, content, kind, if_absent=if_absent, if_match=if_match)

    def open(self, key: str, part: tuple[int, int] | None = None) -> tuple[File, Iterator[bytes]]:
        """Return a file and a stream of its bytes, or of a part of them, from the first to the last.

        Raises:
            Failure: 404; 416, no byte of the part is in the file; 502, its bytes are lost, or (from the stream of a whole
                file) others than were written.
        """
        file = self.catalogue.find(key)
        if part is not None and part[0] >= file.size:
            raise Failure(416, "the file ends before")
        try:
            opened = self.bucket.open(file.object, part=part)
        except Failure as failure:
            if failure.status == 404:
                raise Failure(502, "its bytes are lost") from failure
            raise
        return file, iter(opened) if part else verified(opened, file.content)

    def delete(self, key: str) -> bool:
        """Delete a file; tell whether there was one. Its bytes go with the sweep, once nobody can be reading them."""
        return self.catalogue.remove(key)

    def begin_upload(
        self, key: str, content: Content, content_type: str | None = None, seconds: int = EXPIRY_SECONDS
    ) -> Ticket:
        """Let a client upload to the store itself: exactly these bytes, of this type, within so many seconds."""
        name, kind = uuid.uuid4().hex, told_type(content_type)
        self.catalogue.expect(name, check_key(key), content, kind)
        return Ticket(name, *self.bucket.url_to_put(name, kind, content.size, content.sha256, seconds))

    def finish_upload(self, upload: str) -> File:
        """Make what a client has uploaded a file, once the store confirms that it has just these bytes.

        Raises:
            Failure: 404, there was no such upload, or its bytes have not come; 409, they are others.
        """
        key, content, kind = self.catalogue.expected(upload)
        size, sha256 = self.bucket.check(upload)
        if (size, sha256 or content.sha256) != (content.size, content.sha256):
            raise Failure(409, "the store has other bytes")
        return self.catalogue.commit(upload, key, content, kind)

    def url(self, key: str, seconds: int = EXPIRY_SECONDS) -> str:
        """Return a URL by which a browser gets the file from the store itself, for so many seconds. Raises Failure: 404."""
        file = self.catalogue.find(key)
        return self.bucket.url_to_get(file.object, file.content_type, key, seconds)

    def sweep(self, before: float) -> Swept:
        """Put right what the dead have left, on either side, since before this time (seconds since the epoch).

        An object is in the catalogue before it is in the store. So what the store has shown, and the catalogue then does not know,
        is nobody's; and a file whose object was not shown, though the catalogue knew it before, has lost its bytes.
        """
        self.catalogue.give_up(before)
        known = self.catalogue.objects()
        unfinished = self.bucket.unfinished()
        there = {listed.key for page in self.bucket.pages() for listed in page}
        wanted, swept = self.catalogue.objects(), Swept()
        for name, upload in unfinished:
            if name not in wanted:
                upload.abort()
                swept.uploads.append(name)
        for name in sorted(there - wanted.keys()):
            self.bucket.delete(name)
            swept.objects.append(name)
        for name, key in known.items():
            if key is not None and name not in there and self.catalogue.remove(key, name):
                swept.rows.append(key)
        return swept

"""A bucket: bytes under keys in any store that speaks S3, by boto3.

What S3 says in twenty classes of errors a caller needs to know in one: `Failure`, with a status of HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .keys import UNKNOWN, check_key, disposition

CHUNK_BYTES = 256 * 1_024
PAGE = 1_000
EXPIRY_SECONDS = 300
REGION = "us-east-1"


class Failure(Exception):  # noqa: N818 - what has happened, with the status that tells it
    """It did not happen, or nobody knows: 404 not there, 412 somebody was faster, 503 the store does not answer …"""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status, self.reason = status, reason


@contextmanager
def told() -> Iterator[None]:
    """Turn what boto3 raises within the block into a Failure."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except ClientError as error:
        answer = error.response
        status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
        raise Failure(status, str(answer.get("Error", {}).get("Code", status))) from error
    except (BotoCoreError, HTTPClientError) as error:
        raise Failure(503, type(error).__name__) from error


@dataclass(frozen=True)
class Written:
    """What the store says of a write: the ETag, and the version where the bucket keeps versions."""

    etag: str
    version: str | None


@dataclass(frozen=True)
class Listed:
    """An object in a list."""

    key: str
    size: int


@dataclass(frozen=True)
class Version:
    """A version of an object, or a delete marker: what a delete leaves in place of the newest."""

    number: str
    latest: bool
    marker: bool


class Opened:
    """An object, or a part of one, that is being read; its bytes come as they are asked for."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.size = int(answer["ContentLength"])
        self.etag, self.content_type = str(answer["ETag"]), str(answer["ContentType"])
        self.version: str | None = answer.get("VersionId")
        self._body = answer["Body"]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the bytes in chunks. Raises Failure: the store or the wire has broken off."""
        try:
            with told():
                yield from self._body.iter_chunks(CHUNK_BYTES)
        finally:
            self._body.close()  # a reader that has left gives the connection back

    def read(self) -> bytes:
        """Return all bytes; for what is known to be small."""
        return b"".join(self)


class Multipart:
    """An upload in parts: nothing can be seen before it is complete. Parts come in any order, and may come again."""

    def __init__(self, client: Any, where: dict[str, str], upload: str) -> None:
        self._client, self._where, self.upload = client, {**where, "UploadId": upload}, upload
        self._etags: dict[int, str] = {}

    def part(self, number: int, data: bytes | bytearray) -> None:
        """Send one part, counted from 1; each but the last has 5 MiB or more. The same number again replaces it."""
        with told():
            answer = self._client.upload_part(**self._where, PartNumber=number, Body=data)
        self._etags[number] = answer["ETag"]

    def complete(self) -> Written:
        """Put the parts together in the order of their numbers: now the object is there, all at once."""
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(self._etags.items())]
        with told():
            answer = self._client.complete_multipart_upload(**self._where, MultipartUpload={"Parts": parts})
        return Written(answer["ETag"], answer.get("VersionId"))

    def abort(self) -> None:
        """Throw the parts away; who forgets to pays for them for ever, and never sees them in a list."""
        with told():
            self._client.abort_multipart_upload(**self._where)


class Bucket:
    """The objects of a bucket whose keys begin with a prefix.

    Args:
        client: boto3's client, with signature version 4.
        name: The bucket's name.
        prefix: What stands in front of every key, for buckets that are shared; empty or with a slash at its end.
    """

    def __init__(self, client: Any, name: str, prefix: str = "") -> None:
        self._client, self.name, self.prefix = client, name, prefix

    def under(self, prefix: str) -> Bucket:
        """Return the part of the bucket whose keys begin with this prefix as well, by the same connections."""
        return Bucket(self._client, self.name, self.prefix + prefix)

    def _where(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self.prefix + check_key(key)}

    def _key(self, found: dict[str, Any]) -> str:
        return str(found["Key"]).removeprefix(self.prefix)

    def put(
        self,
        key: str,
        data: bytes | bytearray,
        content_type: str = UNKNOWN,
        *,
        if_absent: bool = False,
        if_match: str | None = None,
    ) -> Written:
        """Write an object, whole or not at all.

        Args:
            key: Its key.
            data: Its bytes.
            content_type: Its media type.
            if_absent: Write only if there is none.
            if_match: Write only in place of the one with this ETag.

        Raises:
            BadKeyError: It cannot be a key.
            Failure: 412 if the condition does not hold: of several at once, one wins.
        """
        given = {"IfNoneMatch": "*"} if if_absent else {"IfMatch": if_match} if if_match else {}
        with told():
            answer = self._client.put_object(**self._where(key), Body=data, ContentType=content_type, **given)
        return Written(answer["ETag"], answer.get("VersionId"))

    def open(self, key: str, *, part: tuple[int, int] | None = None, version: str | None = None) -> Opened:
        """Begin to read an object. Raises Failure: 404, or 416 if no byte of the part is in it.

        Args:
            key: Its key.
            part: The first and the last byte wanted, counted from 0.
            version: An older one.
        """
        more = {"Range": f"bytes={part[0]}-{part[1]}"} if part else {}
        more |= {"VersionId": version} if version else {}
        with told():
            return Opened(self._client.get_object(**self._where(key), **more))

    def check(self, key: str) -> tuple[int, str | None]:
        """Return the size of an object, and its SHA-256 in base64 if the writer gave one. Raises Failure: 404."""
        with told():
            answer = self._client.head_object(**self._where(key), ChecksumMode="ENABLED")
        return int(answer["ContentLength"]), answer.get("ChecksumSHA256")

    def pages(self, prefix: str = "", size: int = PAGE) -> Iterator[list[Listed]]:
        """Yield the objects in the order of their keys, a page at a time; the store keeps no list for us in between."""
        more: dict[str, str] = {}
        while True:
            with told():
                answer = self._client.list_objects_v2(
                    Bucket=self.name, Prefix=self.prefix + prefix, MaxKeys=size, **more
                )
            yield [Listed(self._key(found), int(found["Size"])) for found in answer.get("Contents", [])]
            if not answer["IsTruncated"]:
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def delete(self, key: str, version: str | None = None) -> Written:
        """Delete an object; one that is not there is no error. With versions kept, it leaves a marker, whose version is returned.

        To delete the marker, by its version, brings the object back.
        """
        with told():
            more = {"VersionId": version} if version else {}
            answer = self._client.delete_object(**self._where(key), **more)
        return Written("", answer.get("VersionId"))

    def keep_versions(self) -> None:
        """Keep what is overwritten and deleted, from now on, in the whole bucket."""
        with told():
            kept = {"Status": "Enabled"}
            self._client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration=kept)

    def versions(self, key: str) -> list[Version]:
        """Return all versions of an object and its delete markers, the newest first."""
        with told():
            answer = self._client.list_object_versions(Bucket=self.name, Prefix=self.prefix + check_key(key))
        found = [
            (one, marker) for marker, kind in enumerate(("Versions", "DeleteMarkers")) for one in answer.get(kind, [])
        ]
        own = sorted((pair for pair in found if self._key(pair[0]) == key), key=lambda pair: pair[0]["LastModified"])
        versions = [Version(one["VersionId"], bool(one["IsLatest"]), bool(marker)) for one, marker in reversed(own)]
        return sorted(versions, key=lambda version: not version.latest)

    def begin(self, key: str, content_type: str = UNKNOWN) -> Multipart:
        """Begin an upload in parts."""
        where = self._where(key)
        with told():
            answer = self._client.create_multipart_upload(**where, ContentType=content_type)
        return Multipart(self._client, where, answer["UploadId"])

    def unfinished(self) -> list[tuple[str, Multipart]]:
        """Return the uploads in parts that are neither complete nor aborted, with their keys."""
        found = []
        with told():
            for page in self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.name, Prefix=self.prefix
            ):
                for one in page.get("Uploads", []):
                    where = {"Bucket": self.name, "Key": one["Key"]}
                    found.append((self._key(one), Multipart(self._client, where, one["UploadId"])))
        return found

    def url_to_get(self, key: str, content_type: str, filename: str, seconds: int = EXPIRY_SECONDS) -> str:
        """Return a URL by which anyone can read this object, with GET alone, for so many seconds.

        The answer's media type and disposition are signed too: who has the URL cannot make a page of a file.
        """
        shown = {"ResponseContentType": content_type, "ResponseContentDisposition": disposition(filename, content_type)}
        return self._sign("get_object", {**self._where(key), **shown}, seconds)

    def url_to_put(
        self, key: str, content_type: str, size: int, sha256: str, seconds: int = EXPIRY_SECONDS
    ) -> tuple[str, dict[str, str]]:
        """Return a URL by which anyone can write this object once, and the header fields that have to come with it.

        Args:
            key: Its key; nothing must be there yet.
            content_type: Its media type, no other.
            size: Its length in bytes, no other.
            sha256: The SHA-256 of its bytes in base64: no others. The store checks them.
            seconds: How long the URL is good for.
        """
        announced = {"ContentType": content_type, "ContentLength": size, "ChecksumSHA256": sha256, "IfNoneMatch": "*"}
        url = self._sign("put_object", {**self._where(key), **announced}, seconds)
        return url, {"Content-Type": content_type, "x-amz-checksum-sha256": sha256, "If-None-Match": "*"}

    def _sign(self, operation: str, parameters: dict[str, Any], seconds: int) -> str:
        with told():
            return str(self._client.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds))

    def publish(self, prefix: str) -> str:
        """Let everybody read, for ever, what begins with the prefix; return the URL that stands before such a key's rest.

        It sets the policy of the whole bucket: nothing but this is public.
        """
        import json

        allow = {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"]}
        statement = {**allow, "Resource": [f"arn:aws:s3:::{self.name}/{self.prefix}{prefix}*"]}
        with told():
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self._client.put_bucket_policy(Bucket=self.name, Policy=policy)
        return f"{self._client.meta.endpoint_url}/{self.name}/{quote(self.prefix + prefix)}"


def open_bucket(url: str, timeout_seconds: float = 5.0, attempts: int = 1) -> Bucket:
    """Return the bucket at `http[s]://[key:secret@]host[:port]/bucket[/prefix/][?region=…]`; it is not made.

    Args:
        url: Its URL. Without credentials in it, the usual variables and files of AWS are asked.
        timeout_seconds: How long to wait for a connection, and for the next byte.
        attempts: How often a request is tried in all.
    """
    import boto3
    from botocore.config import Config

    parts = urlsplit(url)
    name, _, prefix = parts.path.strip("/").partition("/")
    key, secret = (unquote(one) if one else None for one in (parts.username, parts.password))
    config = Config(
        signature_version="s3v4",  # the default for URLs is version 2, which signs no header field and no type
        s3={"addressing_style": "path"},
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        retries={"total_max_attempts": attempts},
        max_pool_connections=40,
    )
    client = boto3.client(
        "s3",
        endpoint_url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        region_name=parse_qs(parts.query).get("region", [REGION])[0],
        config=config,
    )
    return Bucket(client, name, f"{prefix}/" if prefix else "")

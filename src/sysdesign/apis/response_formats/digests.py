"""Content-Digest (RFC 9530): whether a body came as it was sent. TCP's own checksum has 16 bits, and ends at every proxy."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from .problems import Problem

ALGORITHMS = {"sha-256": hashlib.sha256, "sha-512": hashlib.sha512}
"""Those that RFC 9530 calls active; others are passed over."""


def content_digest(body: bytes) -> str:
    """Return the field for a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def check(field: str | None, body: bytes) -> None:
    """Compare a body to the digests that came with it, if any did. Raises Problem 400."""
    if field is None:
        return
    import http_sf

    try:
        digests: Any = http_sf.parse(field.encode(), tltype="dictionary")
    except http_sf.StructuredFieldError as malformed:
        raise Problem(400, f"Content-Digest is malformed: {malformed}.") from malformed
    for name, algorithm in ALGORITHMS.items():
        if name in digests and digests[name][0] != algorithm(body).digest():
            raise Problem(400, f"The body has another {name} digest: it did not come as it was sent.")

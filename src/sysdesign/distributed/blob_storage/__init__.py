"""Blob storage: files in a store of their own (S3), what is known of them in a database.

`keys` says what a key may be, `bucket` speaks to the store, `streams` lets files of any size pass in small pieces and checks them,
`catalogue` is the database, `files` brings both together and sweeps up behind the dead, `api` serves it all over HTTP.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .bucket import Bucket, Failure, Listed, Multipart, Opened, Version, Written, open_bucket
from .files import GRACE_SECONDS, Files, Swept, Ticket
from .keys import BadKeyError, check_key, disposition
from .streams import PART_BYTES, Content, Digest, in_parts, verified, write

if TYPE_CHECKING:
    from .api import create_app, serve
    from .catalogue import Catalogue, File

__all__ = [
    "GRACE_SECONDS",
    "PART_BYTES",
    "BadKeyError",
    "Bucket",
    "Catalogue",
    "Content",
    "Digest",
    "Failure",
    "File",
    "Files",
    "Listed",
    "Multipart",
    "Opened",
    "Swept",
    "Ticket",
    "Version",
    "Written",
    "check_key",
    "create_app",
    "disposition",
    "in_parts",
    "open_bucket",
    "serve",
    "verified",
    "write",
]

LATER = {"Catalogue": "catalogue", "File": "catalogue", "create_app": "api", "serve": "api"}
"""What brings SQLAlchemy and Starlette, and the module that it is in."""


def __getattr__(name: str) -> Any:
    """Import what is expensive when it is asked for: who wants a bucket alone needs neither a database nor a server."""
    if name not in LATER:
        raise AttributeError(name)
    return getattr(import_module(f".{LATER[name]}", __name__), name)

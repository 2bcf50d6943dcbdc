"""Who is at the other end: certificates as the standard library reads them."""

from __future__ import annotations

import hashlib
import ssl
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Certificate:
    """A statement that a key belongs to these names, signed by an issuer.

    Args:
        subject: Whom it is about.
        issuer: Who says so.
        names: The hosts and addresses for which it is valid.
        not_before, not_after: From when until when [s since 1970].
        fingerprint: SHA-256 of all of it.
    """

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: float
    not_after: float
    fingerprint: str


def chain_of(connection: ssl.SSLSocket) -> tuple[Certificate, ...]:
    """Return the certificates that have convinced us: the server's own first, that of the authority which we trust last."""
    own = connection.getpeercert(binary_form=True)
    told = connection.getpeercert()
    if own is None or not told:  # nobody has looked at it
        return ()
    return _certificate(told, own), *_above(list(_verified(connection))[1:])


def _verified(connection: ssl.SSLSocket) -> Iterator[bytes]:
    if sys.version_info >= (3, 13):
        yield from connection.get_verified_chain()
        return
    inner: Any = connection._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - public since Python 3.13
    for one in inner.get_verified_chain() or ():
        yield ssl.PEM_cert_to_DER_cert(one.public_bytes())


def _above(chain: list[bytes]) -> Iterator[Certificate]:
    for encoded in chain:
        reader = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # the library's way to read an authority's certificate
        reader.load_verify_locations(cadata=encoded)
        yield _certificate(reader.get_ca_certs()[0], encoded)


def _certificate(told: Mapping[str, Any], encoded: bytes) -> Certificate:
    return Certificate(
        subject=_written(told["subject"]),
        issuer=_written(told["issuer"]),
        names=tuple(name for _, name in told.get("subjectAltName", ())),
        not_before=ssl.cert_time_to_seconds(told["notBefore"]),
        not_after=ssl.cert_time_to_seconds(told["notAfter"]),
        fingerprint=hashlib.sha256(encoded).hexdigest(),
    )


def _written(name: Any) -> str:
    return ", ".join(f"{kind}={value}" for part in name for kind, value in part)

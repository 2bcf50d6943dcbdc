"""How both sides speak TLS: which versions and ciphers, and whom they believe."""

from __future__ import annotations

import ssl
from pathlib import Path

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""For TLS 1.2: keys that nobody can work out later, and ciphers that notice what is altered (RFC 9325 §4.2). TLS 1.3 has no others."""

PROTOCOLS = ["http/1.1"]
"""What is spoken inside (ALPN, RFC 7301)."""


def server_context(certificate: Path | None = None, clients: Path | None = None) -> ssl.SSLContext:
    """Return how a server speaks TLS.

    Args:
        certificate: File with its certificate, the chain up to the authority, and the key.
        clients: File with the authority of its clients; with it, a client without a certificate of that authority is refused.

    Raises:
        OSError: A file cannot be read.
        ssl.SSLError: A file holds no certificate, or a key that is not the certificate's.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context)
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    if certificate is not None:
        context.load_cert_chain(certificate)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)
    return context


def client_context(authorities: str | None = None, certificate: Path | None = None) -> ssl.SSLContext:
    """Return how a client speaks TLS: it believes an authority's word, and only for the host that it asked for.

    Args:
        authorities: Whom it believes, in PEM; by default those that the system believes.
        certificate: File with its own certificate and key, for servers that want to know who asks.
    """
    context = ssl.create_default_context(cadata=authorities)  # checks the chain, the dates and the host
    _restrict(context)
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


def _restrict(context: ssl.SSLContext) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # what is older has been withdrawn (RFC 8996)
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION  # the length of what is compressed tells of what it holds
    context.set_alpn_protocols(PROTOCOLS)

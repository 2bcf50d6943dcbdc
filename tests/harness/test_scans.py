"""Scans: whatever a server takes is found, and nothing else."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
import warnings
from types import SimpleNamespace

import pytest

from fixtures.endpoints import served_endpoints
from fixtures.scans import KNOWN, Choice, cipher_name, is_strong, offer, scan
from fixtures.sites import weak_context

NAME = "shop.example"
OLD = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1, "TLSv1.2": ssl.TLSVersion.TLSv1_2}
RC4, DEFLATE = 0x0005, 1


@contextlib.contextmanager
def saying(answer):
    """Give a server that gives the same answer to everything."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            self.request.recv(65_536)
            self.request.sendall(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield SimpleNamespace(host="127.0.0.1", port=server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def weak(authority):
    """A server that takes whatever OpenSSL has."""
    with served_endpoints() as make:
        yield make(tls=weak_context(authority, NAME))


def openssl_agrees(server, version, cipher):
    """Whether OpenSSL itself, with this version and cipher alone, comes to an agreement with a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = context.maximum_version = OLD[version]
    try:
        with (
            socket.create_connection((server.host, server.port), 5.0) as plain,
            context.wrap_socket(plain, server_hostname=NAME),
        ):
            return True
    except OSError:
        return False


def test_a_scan_finds_exactly_what_openssl_agrees_to(weak):
    """Each cipher that OpenSSL has, offered by OpenSSL in each version, is taken if and only if the scan has found it."""
    ciphers = [str(one["name"]) for one in KNOWN.values() if not str(one["name"]).startswith("TLS_")]
    agreed = {(version, cipher) for version in OLD for cipher in ciphers if openssl_agrees(weak, version, cipher)}
    found = {(one.version, cipher_name(one.cipher)) for one in scan(weak, NAME).taken}

    assert len(agreed) > 50
    assert {one for one in found if one[0] in OLD} == agreed


def test_what_openssl_no_longer_has_is_found_too():
    """A server that answers in SSL 3, with a cipher of its time and with compression, is found out, and so is one of SSL 2."""
    body = b"\3\0" + bytes(32) + b"\0" + RC4.to_bytes(2) + bytes([DEFLATE])
    hello = b"\2" + len(body).to_bytes(3) + body
    with saying(b"\x16\3\0" + len(hello).to_bytes(2) + hello) as ssl3:
        chosen = offer(ssl3, NAME, "SSLv3", [RC4])
    with saying(b"\x80\x05\x04\0\1\0\2") as ssl2:
        found = scan(ssl2, NAME)

    assert chosen == Choice("SSLv3", RC4, compressed=True)
    assert not is_strong(RC4)
    assert found.weak == ["SSLv2"]


def test_a_server_that_takes_nothing_or_says_nonsense_is_no_weak_one():
    """Silence and noise are no choice."""
    for answer in (b"", b"HTTP/1.0 400 Bad Request\r\n\r\n", b"\x15\3\1\0\2\2\x28", b"\x16\3\1\0"):
        with saying(answer) as server:
            assert scan(server, NAME).versions == set()


@pytest.mark.parametrize(
    "name", ["NULL-SHA256", "AECDH-AES128-SHA", "AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "PSK-AES128-GCM-SHA256"]
)
def test_only_what_is_known_to_be_safe_is_strong(name):
    """Without encryption, without a key, without forward secrecy, without AEAD or without a certificate, a cipher is weak."""
    numbers = {str(one["name"]): number for number, one in KNOWN.items()}

    assert not is_strong(numbers[name])
    assert is_strong(numbers["ECDHE-ECDSA-AES128-GCM-SHA256"])
    assert is_strong(numbers["TLS_AES_256_GCM_SHA384"])

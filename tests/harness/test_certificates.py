"""Certificates: who believes them, and for which names."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from http.client import HTTPSConnection

import pytest

from fixtures.certificates import Authority, self_signed
from fixtures.endpoints import served_endpoints

NAMES = ("127.0.0.1", "shop.example")


@pytest.fixture
def endpoint(authority):
    """An endpoint that proves its names with a certificate of the authority."""
    with served_endpoints() as make:
        yield make(tls=authority.server_context(*NAMES))


def status(endpoint, context):
    """Ask by HTTPS and return the status."""
    connection = HTTPSConnection(endpoint.host, endpoint.port, timeout=5.0, context=context)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_client_that_trusts_the_authority_believes_its_certificates(endpoint, authority):
    """Who trusts the authority reaches the endpoint, and the endpoint notes the request as it does without TLS."""
    assert status(endpoint, authority.client_context()) == 204
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "stranger", [ssl.create_default_context, lambda: Authority().client_context()], ids=["public", "another"]
)
def test_nobody_else_believes_them(endpoint, stranger):
    """Neither a client that trusts the public authorities nor one that trusts another of ours reaches the endpoint."""
    with pytest.raises(ssl.SSLCertVerificationError):
        status(endpoint, stranger())
    assert endpoint.requests == []


def test_a_certificate_is_for_its_names_alone(authority):
    """A certificate for one name proves no other."""
    with served_endpoints() as make:
        endpoint = make(tls=authority.server_context("shop.example"))
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            status(endpoint, authority.client_context())


def test_its_file_is_for_its_owner_alone(authority, tmp_path):
    """A certificate is written with its key, which nobody else may read."""
    path = authority.write(tmp_path / "certificate.pem", *NAMES)

    assert path.stat().st_mode & 0o077 == 0
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(path)


def test_an_authority_can_vouch_for_another(authority):
    """Who trusts an authority believes the certificates of those that it vouches for, whose chain comes along."""
    with served_endpoints() as make:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        Authority(authority).issue(*NAMES).configure_cert(context)
        assert status(make(tls=context), ssl.create_default_context(cadata=authority.root)) == 204


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"not_after": datetime(2020, 1, 1, tzinfo=UTC)}, "certificate has expired"),
        ({"not_before": datetime(2040, 1, 1, tzinfo=UTC)}, "certificate is not yet valid"),
    ],
    ids=["expired", "not yet valid"],
)
def test_a_certificate_can_be_out_of_date(authority, options, why):
    """A certificate can be issued for a time that is over, or has not come."""
    with served_endpoints() as make:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue(*NAMES, **options).configure_cert(context)
        with pytest.raises(ssl.SSLCertVerificationError, match=why):
            status(make(tls=context), authority.client_context())


def test_a_certificate_can_be_vouched_for_by_itself_alone(authority, tmp_path):
    """A self-signed certificate works, and nobody believes it."""
    path = tmp_path / "certificate.pem"
    path.write_bytes(self_signed("localhost"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    with served_endpoints() as make, pytest.raises(ssl.SSLCertVerificationError, match="self-signed certificate"):
        status(make(tls=context), authority.client_context())

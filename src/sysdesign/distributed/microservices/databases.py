"""A PostgreSQL database for each service, which no other service can open: to meet there would tie them together again."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit


def create_databases(server_url: str, passwords: Mapping[str, str], prefix: str = "") -> dict[str, str]:
    """Create a role and a database of its own for each service; return the URLs. What is there already stays.

    Args:
        server_url: The server, as somebody who may create roles and databases.
        passwords: The password of each service.
        prefix: What the names of roles and databases begin with.
    """
    import psycopg
    from psycopg import sql

    urls = {}
    with psycopg.connect(server_url, autocommit=True) as connection:
        for service, password in passwords.items():
            text, named = f"{prefix}{service}", sql.Identifier(f"{prefix}{service}")
            # The server learns a verifier of the password, and its log nothing more.
            verifier = connection.pgconn.encrypt_password(password.encode(), text.encode(), b"scram-sha-256").decode()
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [text]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(named, sql.Literal(verifier)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [text]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(named, named))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(named))
            urls[service] = _url(server_url, text, password)
    return urls


def _url(server_url: str, role: str, password: str) -> str:
    parts = urlsplit(server_url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password, safe='')}@{place}", path=f"/{role}"))

"""Dialects: the same proxies for nginx and squid; nginx.conf and squid.conf lie beside this file, with gaps for addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sysdesign.networking.proxies.forward import Policy

FOLDER = Path(__file__).parent


def nginx_configuration(
    backends: Mapping[str, str], static: str, tls_port: int, trusted: Sequence[str] = (), blog_seconds: float = 30.0
) -> str:
    """Return the reverse proxy of shop.example and blog.example for nginx's http block.

    `{listen}` and `{directory}` are still to be filled in; the certificate and its key are expected in the directory, in one file.

    Args:
        backends: `HOST:PORT` of `shop`, `api` and `blog`.
        static: The folder of static files.
        tls_port: Where HTTPS is spoken.
        trusted: Networks of proxies whose word about their clients is believed.
        blog_seconds: The longest that the blog may be silent.
    """
    gaps = {
        **backends,
        "static": static,
        "tls_port": tls_port,
        "trusted": " ".join(f"{network} 1;" for network in trusted),
        "blog_milliseconds": round(1_000 * blog_seconds),
    }
    return _fill("nginx.conf", gaps)


def squid_configuration(policy: Policy) -> str:
    """Return the forward proxy for squid, without the port that it listens on."""
    gaps = {
        "blocked": " ".join(f".{name}" for name in policy.blocked) or ".invalid",
        "tunnel_ports": " ".join(map(str, policy.tunnel_ports)),
    }
    return _fill("squid.conf", gaps)


def _fill(name: str, gaps: Mapping[str, object]) -> str:
    text = (FOLDER / name).read_text()
    for gap, value in gaps.items():
        text = text.replace(f"{{{gap}}}", str(value))
    return text

"""Dialects: the same edge, told to nginx and to Varnish. Their files lie beside this one, with gaps for what differs from edge to edge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sysdesign.distributed.cdn.edge import UNKEYED
from sysdesign.distributed.cdn.settings import Settings

HERE = Path(__file__).parent


def nginx_configuration(origin: str, settings: Settings) -> str:
    """Return the edge for nginx's http block; `{listen}` and `{directory}` are still to be filled in.

    Args:
        origin: Its origin, as `HOST:PORT`.
        settings: How it works, as far as nginx can; where a response says nothing, it serves stale without end, or not at all.
    """
    gaps = {
        "origin": origin,
        "connect": round(1_000 * settings.connect_seconds),
        "response": round(1_000 * settings.response_seconds),
        "unset": "\n        ".join(f'proxy_set_header {name} "";' for name in UNKEYED),
        "stale": "proxy_cache_use_stale error timeout;" if settings.stale_seconds else "",
    }
    return _filled("nginx.conf", gaps)


def varnish_configuration(origin: str, settings: Settings) -> str:
    """Return the edge as Varnish's VCL.

    Args:
        origin: Its origin, as `HOST:PORT`.
        settings: How it works.
    """
    host, _, port = origin.rpartition(":")
    gaps = {
        "host": host,
        "port": port,
        "connect": settings.connect_seconds,
        "response": settings.response_seconds,
        "unset": "\n    ".join(f"unset req.http.{name};" for name in UNKEYED),
        "stale": settings.stale_seconds,
    }
    return _filled("varnish.vcl", gaps)


def _filled(template: str, gaps: Mapping[str, object]) -> str:
    text = (HERE / template).read_text()
    for name, value in gaps.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text

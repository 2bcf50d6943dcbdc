"""Site: a static site as an origin publishes it, so that edges and browsers can keep most of it for ever."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask, Response

HASHED = re.compile(r"-[0-9a-f]{16}\.\w+$")
FOR_EVER = "public, max-age=31536000, immutable"
"""For what never changes under its name (RFC 8246)."""

FOR_A_WHILE = "public, max-age=0, s-maxage=60, stale-while-revalidate=60, stale-if-error=86400"
"""For pages: browsers ask each time, edges once a minute."""


def hashed_name(name: str, content: bytes) -> str:
    """Return a name that tells the content: `app.js` becomes `app-0123456789abcdef.js`."""
    path = Path(name)
    return f"{path.stem}-{hashlib.sha256(content).hexdigest()[:16]}{path.suffix}"


def publish(directory: Path, pages: Mapping[str, str], assets: Mapping[str, bytes]) -> dict[str, str]:
    """Write a site; return the published names of the assets by their own.

    Assets come first, so that no page names one that is not there yet; those of the version before stay, for who has its pages.

    Args:
        directory: Where the site is served from.
        pages: HTML by file name; the names of assets in it are replaced by the published ones.
        assets: Scripts, styles and pictures by file name.
    """
    names = {name: hashed_name(name, content) for name, content in assets.items()}
    for name, content in assets.items():
        (directory / names[name]).write_bytes(content)
    for page, html in pages.items():
        for name, published in names.items():
            html = html.replace(name, published)  # noqa: PLW2901 - one name after the other
        (directory / page).write_text(html, encoding="utf-8")
    return names


def create_site(directory: str) -> Flask:
    """Return the application that serves a published site."""
    from flask import Flask, send_from_directory  # an edge, which is of this package too, does not need it

    site = Flask(__name__, static_folder=None)

    @site.get("/<path:name>")
    def file(name: str) -> Response:
        answer = send_from_directory(directory, name)
        answer.headers["Cache-Control"] = FOR_EVER if HASHED.search(name) else FOR_A_WHILE
        return answer

    return site

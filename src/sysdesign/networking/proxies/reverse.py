"""Reverse proxy: one address in front of many servers, which stands for them all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from flask import Flask, Request, Response, request, send_from_directory
from werkzeug.exceptions import NotFound

from sysdesign.networking.proxies.compression import compress
from sysdesign.networking.proxies.fields import NOT_BELIEVED, TELLING, Witness, end_to_end, values, via
from sysdesign.networking.proxies.upstream import Upstream, problem

DETOUR = re.compile(r"//|[\\\0]|(^|/)\.\.?(/|$)")
"""In a path, what one server leaves as it is and another one resolves."""


@dataclass(frozen=True)
class Route:
    """Where requests for a host go whose path is `path` or lies below it.

    Raises ValueError for a path that does not begin with a slash.
    """

    host: str
    path: str
    to: str
    """`HOST:PORT` of a backend, or the path of a folder with static files: what has no colon."""
    response_seconds: float = 30.0
    """The longest that the backend may be silent."""

    def __post_init__(self) -> None:
        if not self.path.startswith("/"):
            message = f"a path begins with a slash, and {self.path!r} does not"
            raise ValueError(message)

    def leads(self, path: str) -> bool:
        """Whether it leads there: `/api` leads to /api and /api/orders, and not to /apis."""
        below = self.path.rstrip("/")
        return path == below or path.startswith(f"{below}/")


class Routes:
    """All routes: the one with the longest path decides."""

    def __init__(self, routes: Iterable[Route]) -> None:
        longest_first = sorted(routes, key=lambda route: (route.host, -len(route.path)))
        self._by_host = {host: list(some) for host, some in itertools.groupby(longest_first, lambda route: route.host)}

    def find(self, host: str, path: str) -> Route | int:
        """Return the route, or the status that says why there is none: 421 for a host that is not ours, 404 for a path."""
        routes = self._by_host.get(host)
        if routes is None:
            return 421
        return next((route for route in routes if route.leads(path)), 404)


def create_reverse_proxy(
    routes: Iterable[Route], name: str = "proxy", trusted: Sequence[str] = (), upstream: Upstream | None = None
) -> Flask:
    """Return the proxy as a WSGI application.

    Args:
        routes: Where requests go.
        name: What Via calls this proxy.
        trusted: Addresses and networks of proxies whose word about their clients is believed.
        upstream: Sends requests on.
    """
    app, upstream = Flask(__name__, static_folder=None), upstream or Upstream()
    known, witness = Routes(routes), Witness(trusted)

    @app.before_request
    def answer() -> Response:
        host, target = asked(request)
        path = unquote(target.partition("?")[0])
        if DETOUR.search(path):
            return problem(400, "a path with a detour")
        route = known.find(host.rpartition(":")[0] if re.search(r":\d*$", host) else host, path)
        if isinstance(route, int):
            return problem(route)
        if ":" not in route.to:
            return compress(request, _file(route, path))
        return compress(request, _passed_on(route, host, target, name, witness, upstream))

    return app


def asked(request: Request) -> tuple[str, str]:
    """Return the host that a request is for, in lower case, and its target: path and query, as the client wrote them."""
    target: str = request.environ["REQUEST_URI"]
    host: str = request.environ.get("HTTP_HOST", "")
    if not target.startswith(
        "/"
    ):  # clients of a proxy name the host here, and then Host says nothing (RFC 9112 §3.2.2)
        parts = urlsplit(target)
        host, target = parts.netloc, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return host.lower(), target


def _file(route: Route, path: str) -> Response:
    if request.method not in {"GET", "HEAD"}:
        refusal = problem(405)
        refusal.headers["Allow"] = "GET, HEAD"
        return refusal
    try:
        return send_from_directory(Path(route.to).absolute(), path[len(route.path.rstrip("/")) + 1 :], max_age=3_600)
    except NotFound:
        return problem(404)


def _passed_on(route: Route, host: str, target: str, name: str, witness: Witness, upstream: Upstream) -> Response:
    came = list(request.headers.items())
    sent = end_to_end(came, {*NOT_BELIEVED, "via", "host", "expect"})
    sent += [("Host", host), via(came, name)]
    sent += witness.tell(came, request.environ["REMOTE_ADDR"], host, request.scheme)
    response = upstream.send(request, route.to, target, sent, route.response_seconds)
    anonymous = end_to_end(response.headers.items(), {*TELLING, "via"})
    anonymous.append(via(response.headers.items(), name))
    response.headers.clear()
    response.headers.extend(anonymous)
    backend = f"http://{route.to}/"
    for place in values(anonymous, "location"):
        if place.startswith(backend):
            response.headers["Location"] = "/" + place.removeprefix(backend)
    return response

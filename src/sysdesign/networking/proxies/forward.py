"""Forward proxy: it asks in the place of its clients, for those who may go out only through it."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, Response, request

from sysdesign.networking.proxies.fields import NOT_BELIEVED, end_to_end, via
from sysdesign.networking.proxies.server import Refused
from sysdesign.networking.proxies.upstream import Upstream, problem

RESPONSE_SECONDS = 30.0
"""The longest that an origin may be silent."""


@dataclass(frozen=True)
class Policy:
    """Where clients may go."""

    blocked: tuple[str, ...] = ()
    """Names of hosts, with all names below them."""
    tunnel_ports: tuple[int, ...] = (443,)
    """Ports to which a tunnel may lead: through one to any port, clients would reach mail servers and databases."""

    def blocks(self, host: str) -> bool:
        """Whether a host is blocked, however its name is written."""
        name = host.lower().rstrip(".")
        return any(name == blocked or name.endswith(f".{blocked}") for blocked in self.blocked)


def create_forward_proxy(policy: Policy, name: str = "proxy", upstream: Upstream | None = None) -> Flask:
    """Return the proxy for plain HTTP as a WSGI application; for tunnels see Tunnels.

    Args:
        policy: Where clients may go.
        name: What Via calls this proxy.
        upstream: Sends requests on.
    """
    app, upstream = Flask(__name__, static_folder=None), upstream or Upstream()

    @app.before_request
    def answer() -> Response:
        came = list(request.headers.items())
        parts = urlsplit(request.environ["REQUEST_URI"])
        if parts.scheme != "http" or not parts.hostname or "@" in parts.netloc:
            return problem(400, "a proxy is asked for http://host/path, or for a tunnel")
        if policy.blocks(parts.hostname):
            return problem(403)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        sent = [*end_to_end(came, {*NOT_BELIEVED, "via", "host", "expect"}), ("Host", parts.netloc), via(came, name)]
        response = upstream.send(request, parts.netloc, target, sent, RESPONSE_SECONDS)
        response.headers["Via"] = via(response.headers.items(), name)[1]
        return response

    return app


class Tunnels:
    """Opens the far end of a tunnel, which a client asks for with CONNECT and then fills with whatever it likes.

    Args:
        policy: Where clients may go.
        connect_seconds: The longest that a server may take to accept a connection.
    """

    def __init__(self, policy: Policy, connect_seconds: float = 5.0) -> None:
        self._policy, self._connect_seconds = policy, connect_seconds

    def connect(self, authority: str) -> socket.socket:
        """Connect to `HOST:PORT`. Raises Refused."""
        host, port = _host_and_port(authority)
        if self._policy.blocks(host) or port not in self._policy.tunnel_ports:
            raise Refused(403, "Forbidden")
        try:
            return socket.create_connection((host, port), self._connect_seconds)
        except TimeoutError:
            raise Refused(504, "Gateway Timeout") from None
        except (OSError, UnicodeError):  # or a name that cannot be one
            raise Refused(502, "Bad Gateway") from None


def _host_and_port(authority: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{authority}")
        if parts.hostname and parts.port and parts.netloc == authority and "@" not in authority:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise Refused(400, "Bad Request")


def names(listed: Iterable[str]) -> tuple[str, ...]:
    """Return names of hosts as a policy compares them."""
    return tuple(name.lower().strip(".") for name in listed)

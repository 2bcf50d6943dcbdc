"""Command line: runs a reverse or a forward proxy as a process."""

from __future__ import annotations

import argparse
import ssl

from sysdesign.networking.proxies.forward import Policy, Tunnels, create_forward_proxy, names
from sysdesign.networking.proxies.reverse import Route, create_reverse_proxy
from sysdesign.networking.proxies.server import serve

HOST = "127.0.0.1"


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="proxies", description="A proxy on 127.0.0.1.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    reverse = kinds.add_parser("reverse", help="stand in front of servers")
    reverse.add_argument("--route", action="append", required=True, help="HOST/PATH=HOST:PORT[*SECONDS], or …=/FOLDER")
    reverse.add_argument("--trust", action="append", default=[], help="network of proxies that are believed")
    reverse.add_argument("--tls-port", type=int, default=0)
    reverse.add_argument("--certificate", help="file with the certificate's chain and its key")
    forward = kinds.add_parser("forward", help="ask in the place of clients")
    forward.add_argument("--block", action="append", default=[], help="host that is refused, with all below it")
    forward.add_argument(
        "--tunnel-port", action="append", type=int, help="port that tunnels may lead to (default: 443)"
    )
    for kind in (reverse, forward):
        kind.add_argument("--port", type=int, required=True)
    told = parser.parse_args()
    {"reverse": _reverse, "forward": _forward}[told.kind](told)


def _reverse(told: argparse.Namespace) -> None:
    app = create_reverse_proxy([route(text) for text in told.route], trusted=told.trust)
    tls = None
    if told.tls_port:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(told.certificate)
    serve(app, HOST, told.port, tls_port=told.tls_port, tls=tls)


def _forward(told: argparse.Namespace) -> None:
    policy = Policy(names(told.block), tuple(told.tunnel_port or Policy.tunnel_ports))
    app = create_forward_proxy(policy)
    serve(app, HOST, told.port, connect=Tunnels(policy).connect)


def route(text: str) -> Route:
    """Read `shop.example/api=127.0.0.1:8001*2.5`. Raises ValueError."""
    place, _, to = text.partition("=")
    host, slash, path = place.partition("/")
    to, _, seconds = to.partition("*")
    return Route(host.lower(), slash + path, to, float(seconds or Route.response_seconds))

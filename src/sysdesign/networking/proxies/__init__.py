"""Proxies: a go-between that speaks for the clients, or stands in front of the servers, and sees all that passes.

    python -m sysdesign.networking.proxies reverse --port 8080 --route shop.example/=127.0.0.1:8001
        --route shop.example/static=/srv/static --tls-port 8443 --certificate shop.pem --trust 10.0.0.0/8
    python -m sysdesign.networking.proxies forward --port 3128 --block blocked.example --tunnel-port 443

reverse.py      the reverse proxy, in Flask: hosts, paths, static files
forward.py      the forward proxy, in Flask: whom it asks, and where tunnels may lead
fields.py       which fields go on, and what a backend is told of its client
upstream.py     requests sent on, and answers as they come
compression.py  text in a fraction of its bytes
framing.py      what two servers could read in two ways is refused
server.py       waitress, and what WSGI cannot do: the end of TLS, and CONNECT
relays.py       bytes carried both ways
command.py      the command line
dialects.py     the same proxies for nginx (nginx.conf) and for squid (squid.conf)
"""

from sysdesign.networking.proxies.command import main, route
from sysdesign.networking.proxies.dialects import nginx_configuration, squid_configuration
from sysdesign.networking.proxies.fields import Witness, end_to_end
from sysdesign.networking.proxies.forward import Policy, Tunnels, create_forward_proxy
from sysdesign.networking.proxies.framing import Chunks, Parser, ambiguity
from sysdesign.networking.proxies.relays import Relays
from sysdesign.networking.proxies.reverse import Route, Routes, create_reverse_proxy
from sysdesign.networking.proxies.server import Limits, Refused, serve
from sysdesign.networking.proxies.upstream import Body, Upstream

__all__ = [
    "Body",
    "Chunks",
    "Limits",
    "Parser",
    "Policy",
    "Refused",
    "Relays",
    "Route",
    "Routes",
    "Tunnels",
    "Upstream",
    "Witness",
    "ambiguity",
    "create_forward_proxy",
    "create_reverse_proxy",
    "end_to_end",
    "main",
    "nginx_configuration",
    "route",
    "serve",
    "squid_configuration",
]

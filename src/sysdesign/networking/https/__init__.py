"""HTTPS: HTTP inside TLS, which seals it, and proves who is at the other end.

    python -m sysdesign.networking.https --port 8080 --tls-port 8443 --certificates /etc/certificates --site shop.example

contexts.py      how both sides speak TLS: versions, ciphers, whom they believe
client.py        a client: no word before the other side has proved who it is
reasons.py       why it refuses
certificates.py  who is at the other end
hsts.py          hosts that have asked to be spoken to by HTTPS only
server.py        a server, by Python's ssl
wardrobe.py      one certificate a name, renewed while the server runs
front.py         from HTTP to HTTPS, and to stay there
command.py       the command line, and the same sites for nginx (nginx.conf)
"""

from sysdesign.networking.https.certificates import Certificate, chain_of
from sysdesign.networking.https.client import Client, Connection, Seal, Sessions
from sysdesign.networking.https.command import main, nginx_configuration
from sysdesign.networking.https.contexts import client_context, server_context
from sysdesign.networking.https.front import Front
from sysdesign.networking.https.hsts import Hsts, Policy, parse
from sysdesign.networking.https.reasons import Reason, Refused, refusal
from sysdesign.networking.https.server import Channel, Request, Response, Server
from sysdesign.networking.https.wardrobe import Wardrobe

__all__ = [
    "Certificate",
    "Channel",
    "Client",
    "Connection",
    "Front",
    "Hsts",
    "Policy",
    "Reason",
    "Refused",
    "Request",
    "Response",
    "Seal",
    "Server",
    "Sessions",
    "Wardrobe",
    "chain_of",
    "client_context",
    "main",
    "nginx_configuration",
    "parse",
    "refusal",
    "server_context",
]

"""A server of HTTP/1.1, in the clear or inside TLS: one thread a connection, in which its handshake takes place too."""

from __future__ import annotations

import contextlib
import socket
import ssl
import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

HANDSHAKE_SECONDS = 10.0
IDLE_SECONDS = 60.0
LINGER_SECONDS = 1.0
BODY_BYTES = 65_536


class Channel(NamedTuple):
    """What the server knows of a connection that is sealed."""

    protocol: str
    cipher: str
    resumed: bool
    client: str
    """The name that the client's certificate proves; empty where none was asked for."""


class Request(NamedTuple):
    """A request as it came; without a channel it came in the clear."""

    method: str
    host: str
    target: str
    body: bytes
    channel: Channel | None


class Response(NamedTuple):
    """What is answered."""

    status: int
    fields: Mapping[str, str]
    body: bytes = b""


Site = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """Serves a site.

    Args:
        address: Host and port.
        site: What answers.
        tls: How TLS is spoken; without it, nothing is sealed.
    """

    request_queue_size = 128

    def __init__(self, address: tuple[str, int], site: Site, tls: ssl.SSLContext | None = None) -> None:
        self.site, self.tls = site, tls
        super().__init__(address, Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands, here in the connection's own thread: a client that says nothing holds up nobody else."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(HANDSHAKE_SECONDS)
        with self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as sealed:
            try:
                sealed.do_handshake()
            except ssl.SSLError:
                _let_the_reason_arrive(sealed)
                raise
            super().finish_request(sealed, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that break: TLS has told the client, and strangers must not fill the log."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Reads requests and writes answers, one after the other on each connection."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1  # an answer is one write, and so one record
    server: Server

    def version_string(self) -> str:
        """Tell nobody what this runs on."""
        return "site"

    def log_message(self, *_: object) -> None:
        """Write nothing: a target may hold what is nobody's business."""

    def do_GET(self) -> None:
        """Answer one request of any method."""
        length, *more = self.headers.get_all("Content-Length", ["0"])
        if "Transfer-Encoding" in self.headers or more or not length.isdecimal():
            return self._refuse(411)
        if int(length) > BODY_BYTES:
            return self._refuse(413)
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # cut off: it is not what the client meant to say
            self.close_connection = True
            return None
        request = Request(self.command, self.headers.get("Host", ""), self.path, body, self._channel())
        return self._send(self.server.site(request))

    do_HEAD = do_GET  # noqa: N815 - names that the standard library looks for
    do_POST = do_GET  # noqa: N815

    def _channel(self) -> Channel | None:
        if not isinstance(self.connection, ssl.SSLSocket):
            return None
        cipher = self.connection.cipher()
        assert cipher is not None, "the handshake is over"  # noqa: S101
        subject: Any = (self.connection.getpeercert() or {}).get("subject", ())
        client = next((value for part in subject for name, value in part if name == "commonName"), "")
        return Channel(self.connection.version() or "", cipher[0], bool(self.connection.session_reused), client)

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(Response(status, {"Connection": "close"}))

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)


def _let_the_reason_arrive(sealed: ssl.SSLSocket) -> None:
    """Read what the client still sends: with bytes unread, closing would reset the connection, and throw the alert away."""
    with contextlib.suppress(OSError):
        sealed.settimeout(LINGER_SECONDS)
        sealed.shutdown(socket.SHUT_WR)  # from here on, nothing is deciphered
        while sealed.recv(BODY_BYTES):
            pass

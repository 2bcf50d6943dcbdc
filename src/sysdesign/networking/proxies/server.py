"""Server: waitress, with what a proxy needs besides: strict framing, the end of TLS, and tunnels.

WSGI gives an application a request and never a connection: TLS has ended before it begins, and CONNECT, after which a connection
carries whatever its two ends want, cannot be answered by an application at all. So both are done here, below the application, and by
the same means: the connection is coupled to another one (see relays.py). Where TLS ends, that is one half of a pair of sockets, of
which waitress reads the other half as if it were the client. A tunnel takes the client's connection away from waitress and leads it to
where it asked to go.

waitress reads many connections in one thread, and calls the application in one of its threads once a request has come as a whole: who
sends slowly costs no thread. Bodies lie on disk meanwhile, above half a mebibyte.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.utilities import BadRequest, Error

from sysdesign.networking.proxies.framing import Parser
from sysdesign.networking.proxies.relays import Relays

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
LOOKS_EACH_SECONDS = 1.0


@dataclass(frozen=True)
class Limits:
    """What a client may cost."""

    head_bytes: int = 16_384
    body_bytes: int = 2**30
    idle_seconds: int = 120
    connections: int = 1_000
    threads: int = 32
    unsent_bytes: int = 2**20
    """Of an answer that the client does not read, before the backend is held."""


class Refused(Exception):  # noqa: N818 - what a tunnel is
    """A tunnel that does not come about; `status` and `reason` are what the client is told."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


Connect = Callable[[str], socket.socket]
"""Opens the other end of a tunnel to `HOST:PORT`. Raises Refused."""


class Task(WSGITask):  # type: ignore[misc, unused-ignore]  # waitress tells no types
    """Answers a request by asking the application."""

    def build_response_header(self) -> bytes:
        """Return the head of the answer, without the Via that waitress adds of itself where an answer has a Server."""
        head: bytes = super().build_response_header()
        return head.replace(b"\r\nVia: waitress\r\n", b"\r\n", 1)


class Channel(HTTPChannel):  # type: ignore[misc, unused-ignore]  # waitress tells no types
    """A client's connection."""

    parser_class, task_class = Parser, Task
    requests: list[Any]
    """Those that wait for their answers, in their order."""

    def service(self) -> None:
        """Answer a request, in one of the threads."""
        request = self.requests[0]
        if request.error is None and request.command == "CONNECT":
            try:
                self._lead_elsewhere(request.request_uri)
            except Refused as refused:
                request.error = _error(refused)
            else:
                return
        super().service()

    def _lead_elsewhere(self, authority: str) -> None:
        if self.request is not None or len(self.requests) > 1:
            raise Refused(400, "Bad Request")  # it did not wait for the answer
        near = self.socket.dup()
        try:
            far = self.server.connect(authority)
        except Refused:
            near.close()
            raise
        self.server.relays.couple(near, far, first=ESTABLISHED)
        with self.requests_lock:
            self.requests, self.will_close = [], True  # of the two handles on the connection, waitress gives up its own
        self.server.pull_trigger()


def _error(refused: Refused) -> Error:
    error = BadRequest(str(refused))
    error.code, error.reason = refused.status, refused.reason
    return error


def _refuse_tunnels(authority: str) -> socket.socket:
    del authority
    raise Refused(405, "Method Not Allowed")


class Server(TcpWSGIServer):  # type: ignore[misc, unused-ignore]  # waitress tells no types
    """Listens on one port."""

    channel_class = Channel
    connect: Connect = staticmethod(_refuse_tunnels)
    tls: ssl.SSLContext | None = None
    relays: Relays

    def accept(self) -> tuple[socket.socket, Any] | None:
        """Take a connection in; where TLS ends, what is given is the clear side of it, with the client's address."""
        accepted: tuple[socket.socket, Any] | None = super().accept()
        if accepted is None or self.tls is None:
            return accepted
        connection, address = accepted
        self._send_at_once(connection)
        clear, relayed = socket.socketpair()
        self.relays.couple(connection, relayed, tls=self.tls)
        return clear, address

    def set_socket_options(self, conn: socket.socket) -> None:
        """Let small answers out at once."""
        if self.tls is None:
            self._send_at_once(conn)

    @staticmethod
    def _send_at_once(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def serve(
    application: WSGIApplication,
    host: str,
    port: int,
    *,
    limits: Limits = Limits(),
    tls_port: int = 0,
    tls: ssl.SSLContext | None = None,
    connect: Connect | None = None,
) -> None:
    """Serve for ever.

    Args:
        application: What answers.
        host: Where to listen.
        port: Where HTTP is spoken.
        limits: What a client may cost.
        tls_port: Where HTTPS is spoken, if `tls` is given.
        tls: The certificate, and how TLS is spoken.
        connect: Opens the other end of a tunnel; without it CONNECT is refused with 405.
    """
    relays = Relays()
    sockets: dict[int, Any] = {}  # waitress's own: what it listens to, by number
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(limits.threads)
    for scheme, number in [("http", port), *([("https", tls_port)] if tls else [])]:
        adjustments = Adjustments(
            listen=f"{host}:{number}",
            url_scheme=scheme,
            ident="",
            clear_untrusted_proxy_headers=False,  # fields.py knows whom to believe
            max_request_header_size=limits.head_bytes,
            max_request_body_size=limits.body_bytes,
            outbuf_high_watermark=limits.unsent_bytes,
            channel_timeout=limits.idle_seconds,
            connection_limit=limits.connections,
            threads=limits.threads,
        )
        server = Server(application, sockets, dispatcher=dispatcher, adj=adjustments)
        server.relays = relays
        if scheme == "https":
            server.tls = tls
        if connect is not None:
            server.connect = connect
    wasyncore.loop(LOOKS_EACH_SECONDS, use_poll=True, map=sockets)

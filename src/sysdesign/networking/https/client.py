"""A client of HTTP and HTTPS: it hands nothing over before it knows who is there, and goes by HTTPS where it was asked to."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple, Self
from urllib.parse import urljoin, urlsplit

from sysdesign.networking.https.certificates import Certificate, chain_of
from sysdesign.networking.https.contexts import PROTOCOLS
from sysdesign.networking.https.hsts import Hsts
from sysdesign.networking.https.reasons import Reason, Refused, refusal

REDIRECTIONS = {301, 302, 307, 308}
MAX_HOPS = 5
PATIENCE_SECONDS = 10.0
PORTS = {"http": 80, "https": 443}

Network = Callable[[str, int], socket.socket]


def dial(host: str, port: int) -> socket.socket:
    """Open a connection."""
    return socket.create_connection((host, port), PATIENCE_SECONDS)


class Seal(NamedTuple):
    """What was agreed upon in a handshake."""

    protocol: str
    cipher: str
    spoken: str | None
    """The protocol inside (ALPN)."""
    resumed: bool
    chain: tuple[Certificate, ...]
    """Empty if the handshake was resumed from one before: no certificate is shown then."""


class Answer(NamedTuple):
    """What came."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str
    seal: Seal | None


class Sessions:
    """What servers have given to resume from (RFC 8446 §2.2), until the certificates that they have shown expire.

    A resumed handshake shows no certificate. Without a limit, a client would go on believing one that has expired.

    Args:
        clock: The time in seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: dict[tuple[str, int], tuple[ssl.SSLSession, float]] = {}

    def get(self, place: tuple[str, int]) -> tuple[ssl.SSLSession | None, float]:
        """Return the session with a host and port, if there is one, and until when its certificate is valid."""
        session, until = self._kept.get(place, (None, 0.0))
        return (session, until) if self._clock() < until else (None, 0.0)

    def keep(self, place: tuple[str, int], session: ssl.SSLSession | None, until: float) -> None:
        """Keep the newest session."""
        if session is not None:
            self._kept[place] = (session, until)


class Connection:
    """A connection to one host, kept until it is closed.

    Raises:
        Refused: The other side is not who it should be, or cannot speak safely. Nothing was sent.
    """

    def __init__(self, client: Client, scheme: str, host: str, port: int) -> None:
        self._client, self._origin, self._place = client, f"{scheme}://{host}", (host, port)
        self._http = HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
        self.seal: Seal | None = None
        try:
            plain = client.network(host, port)
            # A request must not wait until the last words of the handshake are acknowledged.
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._http.sock = self._sealed(plain) if scheme == "https" else plain
        except OSError as error:
            raise refusal(error) from error

    def _sealed(self, plain: socket.socket) -> ssl.SSLSocket:
        session, self._until = self._client.sessions.get(self._place)
        try:
            sealed = self._client.context.wrap_socket(plain, server_hostname=self._place[0], session=session)
        except OSError:
            plain.close()
            raise
        chain = () if sealed.session_reused else chain_of(sealed)
        if chain:
            self._until = min(one.not_after for one in chain)
        self._session_of = sealed
        cipher = sealed.cipher() or ("", "", 0)
        spoken = sealed.selected_alpn_protocol()
        self.seal = Seal(sealed.version() or "", cipher[0], spoken, bool(sealed.session_reused), chain)
        if spoken not in {None, *PROTOCOLS}:
            sealed.close()
            raise Refused(Reason.NO_COMMON_PROTOCOL, spoken)
        return sealed

    def request(self, method: str, target: str, body: bytes | None = None) -> Answer:
        """Send a request and return its whole answer. Raises Refused; what has come until then is thrown away."""
        host, _ = self._place
        try:
            self._http.request(method, target, body, {"Host": host})
            response = self._http.getresponse()
            content = response.read()
        except OSError as error:
            self.close()
            raise refusal(error) from error
        except HTTPException as error:
            self.close()
            raise Refused(Reason.BROKEN, repr(error)) from error
        if self.seal:  # in TLS 1.3 what to resume from comes after the handshake
            self._client.sessions.keep(self._place, self._session_of.session, self._until)
        fields = response.headers.get_all("Strict-Transport-Security", [])
        self._client.hsts.note(host, fields, sealed=self.seal is not None)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, content, f"{self._origin}{target}", self.seal)

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Client:
    """Asks for URLs.

    Args:
        context: How TLS is spoken, and whom it believes.
        hsts: The hosts that want HTTPS only.
        sessions: What handshakes are resumed from.
        network: Opens connections to a host and a port.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        hsts: Hsts | None = None,
        sessions: Sessions | None = None,
        network: Network = dial,
    ) -> None:
        self.context, self.hsts, self.sessions, self.network = context, hsts or Hsts(), sessions or Sessions(), network

    def connect(self, url: str) -> Connection:
        """Return a connection to where a URL leads, by HTTPS if the host has asked for it. Raises Refused."""
        parts = urlsplit(self.hsts.upgrade(url))
        return Connection(self, parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme])

    def request(self, method: str, url: str, body: bytes | None = None) -> Answer:
        """Ask on a connection of its own, and once more wherever the answer redirects to; never from HTTPS to HTTP. Raises Refused."""
        for _ in range(MAX_HOPS):
            with self.connect(url) as connection:
                parts = urlsplit(url)
                answer = connection.request(method, (parts.path or "/") + f"?{parts.query}" * bool(parts.query), body)
            if answer.status not in REDIRECTIONS or "location" not in answer.headers:
                return answer
            url = urljoin(answer.url, answer.headers["location"])
            if answer.seal and urlsplit(url).scheme != "https":
                raise Refused(Reason.DOWNGRADE, url)
        return answer

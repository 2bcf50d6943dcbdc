"""One POST to an address that was checked: pinned, never redirected, and over after its time, however the endpoint stalls."""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from typing import TypeAlias

from .addresses import PORTS, Addresses, Forbidden, Target
from .schedule import Answer

Connect: TypeAlias = Callable[[tuple[str, int], float], socket.socket]
"""Opens a connection to an (address, port) within so many seconds. Raises OSError."""


@functools.cache
def system_trust() -> ssl.SSLContext:
    """Return what trusts the certificates that the system trusts; to read them all takes a while."""
    return ssl.create_default_context()


class Connection(http.client.HTTPConnection):
    """A connection to the addresses that were checked; the URL's host is only told to the other side, and never looked up again.

    Args:
        target: Where to connect.
        timeout_seconds: How long connecting may take in all, and each step behind it.
        connect: Opens the connection.
        tls: What an https URL is trusted by.
    """

    def __init__(self, target: Target, timeout_seconds: float, connect: Connect, tls: ssl.SSLContext) -> None:
        super().__init__(target.host, target.port, timeout=timeout_seconds)
        self.default_port = PORTS[target.scheme]
        self._target, self._deadline, self._connect, self._tls = (
            target,
            time.monotonic() + timeout_seconds,
            connect,
            tls,
        )

    def connect(self) -> None:
        """Connect to the first of the addresses that accepts. Raises OSError."""
        refusals: list[OSError] = []
        for address in self._target.addresses:
            try:
                left = max(0.001, self._deadline - time.monotonic())
                self.sock = self._connect((address, self._target.port), left)
                break
            except OSError as refusal:
                refusals.append(refusal)
        else:
            raise refusals[0]
        if self._target.scheme == "https":
            tls = self._tls.wrap_socket(self.sock, server_hostname=self._target.host, do_handshake_on_connect=False)
            self.sock = tls
            tls.do_handshake()

    def break_off(self) -> None:
        """End it from another thread: whoever waits for it is woken by an error, or by its end."""
        with suppress(OSError):
            if self.sock:
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class Post:
    """Sends one request and returns what came of it; it raises nothing, because an endpoint can do anything.

    Args:
        addresses: Says where a URL leads, and whether webhooks may go there.
        timeout_seconds: How long an attempt may take in all, from the connection to the status.
        connect: Opens connections.
        tls: What https URLs are trusted by; the system's certificates unless told otherwise.
    """

    def __init__(
        self,
        addresses: Addresses,
        timeout_seconds: float = 15.0,
        connect: Connect = socket.create_connection,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._addresses, self.timeout_seconds, self._connect = addresses, timeout_seconds, connect
        self._tls = tls

    def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST the body to the URL."""
        try:
            target = self._addresses.target(url)
            return self._exchange(target, headers, body)
        except (Forbidden, OSError, http.client.HTTPException) as error:
            return Answer(None, f"{type(error).__name__}: {error}")

    def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        late = threading.Event()
        connection = Connection(target, self.timeout_seconds, self._connect, self._tls or system_trust())

        def end() -> None:
            late.set()
            connection.break_off()

        alarm = threading.Timer(self.timeout_seconds, end)
        alarm.start()
        answer = Answer(None, f"no answer within {self.timeout_seconds} s")
        try:
            connection.request("POST", target.path, body, dict(headers))
            with closing(connection.getresponse()) as response:  # its body is never read: the status says all
                in_time = Answer(response.status, retry_after=response.headers.get("Retry-After"))
        except TimeoutError:  # one step alone took all the time
            return answer
        except (OSError, http.client.HTTPException):
            if not late.is_set():
                raise
            return answer
        finally:
            alarm.cancel()
            connection.close()
        return answer if late.is_set() else in_time

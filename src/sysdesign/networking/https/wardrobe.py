"""One certificate a name, chosen by what the client asks for (SNI), and read again when its file is another."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterable
from pathlib import Path

from sysdesign.networking.https.contexts import server_context

LOG = logging.getLogger(__name__)
Version = tuple[int, int, int]


class Wardrobe:
    """The certificates of a server of several names.

    A handshake looks whether its file has been replaced; so a renewed certificate is used from the next connection on. Connections
    that are open have their keys already and go on. A file that cannot be used is told of, and the certificate in use stays.

    Args:
        folder: Where `<name>.pem` lies for each name, with chain and key in one file, so that both are replaced in one step.
        names: The names, in small letters.
        clients: File with the authority of the clients, if they have to prove who they are.
    """

    def __init__(self, folder: Path, names: Iterable[str], clients: Path | None = None) -> None:
        self._paths = {name: folder / f"{name}.pem" for name in names}
        self._clients = clients
        self._lock = threading.Lock()
        self._worn: dict[str, tuple[Version, ssl.SSLContext]] = {}
        for name in self._paths:
            self._worn[name] = self._read(name)
        # Tickets are sealed by this context, whichever certificate is shown: resumption outlives a renewal.
        self.context = server_context(clients=clients)
        self.context.sni_callback = self.choose

    def choose(self, connection: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> int | None:
        """Show the certificate of the name that the client asks for (RFC 6066 §3); of no other."""
        name = (name or "").lower()
        if name not in self._paths:
            return ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
        connection.context = self._newest(name)
        return None

    def _newest(self, name: str) -> ssl.SSLContext:
        with self._lock:
            try:
                if self._worn[name][0] != _version(self._paths[name]):
                    self._worn[name] = self._read(name)
            except OSError as unusable:  # ssl.SSLError is one of them
                LOG.warning("the certificate of %s stays as it is: %s", name, unusable)
            return self._worn[name][1]

    def _read(self, name: str) -> tuple[Version, ssl.SSLContext]:
        version = _version(self._paths[name])  # before reading: what is replaced meanwhile is read again
        return version, server_context(self._paths[name], self._clients)


def _version(path: Path) -> Version:
    told = path.stat()
    return told.st_ino, told.st_mtime_ns, told.st_size

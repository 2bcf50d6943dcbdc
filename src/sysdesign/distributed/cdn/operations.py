"""Operations: how each edge is told to forget what has changed at the origin before its time."""

from __future__ import annotations

import http.client
import re
import socket
from pathlib import Path
from typing import Protocol

TAG = re.compile(r"[\w.-]+")


class Purges(Protocol):
    """What forgets on demand. A tag is made of letters, digits and `_.-`."""

    def purge(self, host: str, target: str) -> None:
        """Forget all variants of a URL, told by the value of Host and the path with its query."""

    def purge_tag(self, tag: str) -> None:
        """Forget all responses whose Cache-Tag names this one. Raises ValueError."""


def _checked(tag: str) -> str:
    if not TAG.fullmatch(tag):
        raise ValueError(tag)
    return tag


class OurEdge:
    """Ours, by its administration socket."""

    def __init__(self, administration: Path) -> None:
        self._administration = administration

    def purge(self, host: str, target: str) -> None:
        """Forget a URL."""
        self._order(f"purge {host} {target}")

    def purge_tag(self, tag: str) -> None:
        """Forget a tag."""
        self._order(f"purge-tag {_checked(tag)}")

    def _order(self, line: str) -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5.0)
            connection.connect(str(self._administration))
            connection.sendall(f"{line}\n".encode())
            connection.recv(4_096)


class NginxEdge:
    """nginx, by its files: each has its key and the response's head in front; what is gone is fetched anew."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def purge(self, host: str, target: str) -> None:
        """Remove the files of a URL."""
        self._remove(re.compile(rb"\nKEY: %b %b\n" % (re.escape(host.encode()), re.escape(target.encode()))))

    def purge_tag(self, tag: str) -> None:
        """Remove the files of a tag."""
        self._remove(
            re.compile(
                rb"\ncache-tag:[^\r\n]*[ \t,:]%b(?:[ \t,]|\r)" % re.escape(_checked(tag).encode()), re.IGNORECASE
            )
        )

    def _remove(self, meant: re.Pattern[bytes]) -> None:
        for path in self._directory.iterdir():
            head = path.read_bytes().partition(b"\r\n\r\n")[0]
            if meant.search(head):
                path.unlink(missing_ok=True)


class VarnishEdge:
    """Varnish, by requests of the method PURGE, which it takes from its own machine."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port

    def purge(self, host: str, target: str) -> None:
        """Forget a URL."""
        self._order(target, {"Host": host})

    def purge_tag(self, tag: str) -> None:
        """Forget a tag."""
        self._order("/", {"Host": "edge", "Cache-Tag": _checked(tag)})

    def _order(self, target: str, fields: dict[str, str]) -> None:
        connection = http.client.HTTPConnection(*self._address, timeout=5.0)
        try:
            connection.request("PURGE", target, headers=fields)
            connection.getresponse().read()
        finally:
            connection.close()

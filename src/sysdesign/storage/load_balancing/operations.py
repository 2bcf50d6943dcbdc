"""Operations: how backends come and go while requests run, told to each balancer in its own way."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path


def order(path: Path, line: str) -> str:
    """Give an order to the administration socket at `path`, ours or HAProxy's, and return what it answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5.0)
        connection.connect(str(path))
        connection.sendall(f"{line}\n".encode())
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()


class OurPool:
    """The pool of our balancer, by its administration socket."""

    def __init__(self, administration: Path) -> None:
        self._administration = administration

    def add(self, address: str) -> None:
        """Let a backend take requests."""
        order(self._administration, f"add {address}")

    def drain(self, address: str) -> None:
        """Give a backend no further requests."""
        order(self._administration, f"drain {address}")


class HaproxyPool:
    """The pool of HAProxy, by its administration socket."""

    def __init__(self, administration: Path) -> None:
        self._administration = administration

    def add(self, address: str) -> None:
        """Let a backend take requests."""
        order(self._administration, f"add server pool/{address} {address}")
        order(self._administration, f"enable server pool/{address}")

    def drain(self, address: str) -> None:
        """Give a backend no further requests."""
        order(self._administration, f"set server pool/{address} state drain")


class NginxPool:
    """The pool of nginx, which learns of changes by reading its file again. Then it hangs up on clients that wait on a connection.

    Args:
        file: Its configuration.
        pid: The number of its first process.
    """

    def __init__(self, file: Path, pid: int) -> None:
        self._file, self._pid = file, pid

    def _rewrite(self, old: str, new: str) -> None:
        self._file.write_text(self._file.read_text().replace(old, new))
        os.kill(self._pid, signal.SIGHUP)

    def add(self, address: str) -> None:
        """Let a backend take requests."""
        self._rewrite("keepalive ", f"server {address}; keepalive ")

    def drain(self, address: str) -> None:
        """Give a backend no further requests."""
        self._rewrite(f"server {address} ", f"server {address} down ")

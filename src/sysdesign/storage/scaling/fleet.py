"""Fleets: instances that come and go while requests arrive, and nobody notices.

The order is the whole art. An instance that comes is ready before the balancer hears of it; one that goes is asked by nobody any more,
and has answered all it took, before it ends.
"""

from __future__ import annotations

import functools
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from typing import Protocol

from .balancers import Address, Balancer

INTERVAL_SECONDS = 0.01
PROBE_SECONDS = 1.0


class Instance(Protocol):
    """A process of the service, on whichever machine it runs."""

    host: str
    port: int

    def launch(self) -> None:
        """Start it, and do not wait until it is ready."""

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""


class Late(Exception):  # noqa: N818 - a fact about the deployment
    """What was asked for has not come about in time."""


class Fleet:
    """Instances behind a balancer: the horizontal way.

    Args:
        make: Makes an instance, to be launched.
        balancer: Spreads requests over those that it was told of.
        within_seconds: How long an instance may take to get ready.
    """

    def __init__(self, make: Callable[[], Instance], balancer: Balancer, within_seconds: float = 30.0) -> None:
        self._make, self._balancer, self._within = make, balancer, within_seconds
        self.instances: list[Instance] = []

    def resize(self, size: int) -> None:
        """Let there be so many instances, without failing a request. Raises Late."""
        coming = [self._make() for _ in range(size - len(self.instances))]
        for instance in coming:
            instance.launch()
        try:
            for instance in coming:
                self._admit(instance)
        except Late:
            for instance in coming:
                if instance not in self.instances:
                    instance.stop()
            raise
        self._retire(self.instances[size:])

    def heal(self) -> None:
        """Replace the instances that do not answer. Raises Late."""
        size = len(self.instances)
        self._retire([instance for instance in self.instances if not is_ready(instance)])
        self.resize(size)

    def _admit(self, instance: Instance) -> None:
        await_condition(functools.partial(is_ready, instance), self._within)
        self._balancer.admit(_address(instance))
        self.instances.append(instance)

    def _retire(self, leaving: list[Instance]) -> None:
        """Let instances go, all at the same time."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._let_go, leaving))

    def _let_go(self, instance: Instance) -> None:
        self._balancer.drain(_address(instance))
        instance.stop()
        self.instances.remove(instance)


class Workers:
    """The worker processes of one gunicorn: the vertical way, as far as one machine goes.

    Args:
        master: The number of gunicorn's first process.
        count: Tells how many workers run.
        size: How many it was started with.
        within_seconds: How long a worker may take to come or to finish its requests.
    """

    def __init__(self, master: int, count: Callable[[], int], size: int = 1, within_seconds: float = 30.0) -> None:
        self._master, self._count, self._size, self._within = master, count, size, within_seconds

    def resize(self, size: int) -> None:
        """Let there be so many workers, without failing a request: no worker ends before it has answered. Raises Late.

        One after the other: of two signals that are pending the kernel delivers one.
        """
        while self._size != size:
            grow = self._size < size
            os.kill(self._master, signal.SIGTTIN if grow else signal.SIGTTOU)
            self._size += 1 if grow else -1
            await_condition(self._is_as_it_should_be, self._within)

    def _is_as_it_should_be(self) -> bool:
        return self._count() == self._size


def is_ready(instance: Instance) -> bool:
    """Whether an instance says that requests may come."""
    with closing(HTTPConnection(instance.host, instance.port, timeout=PROBE_SECONDS)) as connection:
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False


def await_condition(condition: Callable[[], bool], within_seconds: float) -> None:
    """Return when the condition has come true. Raises Late."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            message = f"not within {within_seconds} s"
            raise Late(message)
        time.sleep(INTERVAL_SECONDS)


def _address(instance: Instance) -> Address:
    return instance.host, instance.port

"""A service as a process of its own; `databases` makes the databases of all, and ends."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sysdesign.distributed.webhooks import open_store

from . import tracing
from .broker import Broker, connect
from .calls import Calls
from .databases import create_databases
from .directory import Directory
from .limits import Policy
from .service import Service
from .shop import NAMES, create_api, create_service

DATABASE, BROKER, NAMESPACE = "MICROSERVICES_DATABASE", "MICROSERVICES_BROKER", "MICROSERVICES_NAMESPACE"
"""Variables with URLs, which may hold passwords: other users can read a command line."""

SERVER, PASSWORDS = "MICROSERVICES_SERVER", "MICROSERVICES_PASSWORDS"
"""Variables for `databases`: the URL of a superuser, and a JSON object of the services' passwords."""

THREADS = 8
PATIENCE_SECONDS, PAUSE_SECONDS = 60.0, 0.1
WAIT_SECONDS = 0.5

T = TypeVar("T")

logger = logging.getLogger(__name__)


def main() -> None:
    """Serve until the process is asked to end (SIGTERM)."""
    parser = argparse.ArgumentParser(description="One of the services of a shop.")
    parser.add_argument("service", choices=[*NAMES, "databases"])
    parser.add_argument("--port", type=int, help="where it listens, on loopback")
    parser.add_argument("--concurrent", type=int, default=Policy.concurrent, help="calls at once to a neighbour")
    parser.add_argument("--timeout-seconds", type=float, default=Policy.timeout_seconds, help="of a call")
    options = parser.parse_args()
    if options.service == "databases":
        patiently(lambda: create_databases(os.environ[SERVER], json.loads(os.environ[PASSWORDS])))
        return
    policy = Policy(timeout_seconds=options.timeout_seconds, concurrent=options.concurrent)
    serve(options.service, options.port, policy)


def serve(name: str, port: int, policy: Policy) -> None:
    """Run a service: its API, the relay of its events, the reader of all events, and its word to the directory."""
    import waitress

    tracing.begin(name)
    redis, namespace = connect(os.environ[BROKER]), os.environ.get(NAMESPACE, "shop")
    store, address = open_store(os.environ[DATABASE]), f"http://127.0.0.1:{port}"
    directory, broker = Directory(redis, namespace), Broker(redis, namespace, name, address)
    service = patiently(lambda: create_service(name, store, broker))
    app = create_api(name, service, Calls(directory.find, policy))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for work in (
        lambda: service.work(WAIT_SECONDS),
        lambda: relay(service),
        lambda: announce(directory, name, address),
    ):
        threading.Thread(target=for_ever, args=(work,), daemon=True).start()
    waitress.serve(app, host="127.0.0.1", port=port, threads=THREADS, _quiet=True)


def relay(service: Service) -> None:
    """Tell what is committed as soon as somebody says that there is something, and look now and then."""
    service.outbox.written.wait(WAIT_SECONDS)
    service.outbox.written.clear()
    service.outbox.relay()


def announce(directory: Directory, name: str, address: str) -> None:
    """Tell the directory, early enough that one word may be lost."""
    directory.enter(name, address)
    time.sleep(directory.lease_seconds / 3)


def for_ever(work: Callable[[], object]) -> None:
    """Work again and again; whatever fails, a queue or a database that is away above all, is told and tried again."""
    while True:
        try:
            work()
        except Exception:
            logger.exception("tried again in a moment")
            time.sleep(PAUSE_SECONDS)


def patiently(start: Callable[[], T]) -> T:
    """Begin when the database answers: services start in any order. Raises what the last try has raised."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return start()
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)

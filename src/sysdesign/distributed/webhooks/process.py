"""The shop and its sender as one process; start several on one database if one is not enough, or not safe enough."""

from __future__ import annotations

import argparse
import os
import signal
import threading

from .addresses import Addresses
from .api import create_shop
from .outbox import Outbox
from .post import Post
from .schedule import Schedule
from .sender import Sender
from .store import open_store

DATABASE = "WEBHOOKS_DATABASE"
"""The variable with the database's URL: other users can read a command line, and there may be a password in it."""


def main() -> None:
    """Serve the shop and deliver its events, until the process is asked to end (SIGTERM)."""
    from werkzeug.serving import make_server

    parser = argparse.ArgumentParser(description="A shop that tells of its orders by webhooks.")
    parser.add_argument("--port", type=int, required=True, help="where the shop listens, on loopback")
    parser.add_argument("--allow", action="append", default=[], help="a private network that endpoints may be in")
    parser.add_argument("--lease-seconds", type=float, default=60.0, help="how long a delivery is a sender's")
    parser.add_argument("--timeout-seconds", type=float, default=15.0, help="how long an attempt may take")
    parser.add_argument("--first-seconds", type=float, default=5.0, help="the pause behind the first attempt")
    options = parser.parse_args()

    addresses = Addresses(allow=options.allow)
    outbox = Outbox(open_store(os.environ[DATABASE]), lease_seconds=options.lease_seconds)
    sender = Sender(outbox, Post(addresses, options.timeout_seconds), Schedule(first_seconds=options.first_seconds))
    stop = threading.Event()
    worker = threading.Thread(target=sender.run, args=(stop,))
    server = make_server("127.0.0.1", options.port, create_shop(outbox, addresses), threaded=True)

    def end(*_: object) -> None:
        stop.set()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    worker.start()
    server.serve_forever()
    worker.join()

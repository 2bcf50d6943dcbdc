"""An instance: the service under gunicorn, one worker or several.

Several workers are the vertical way: processes behind one address, and the kernel hands out connections. A worker that takes no more
connections than it has slots for leaves the rest to the others, so that none waits behind a busy one while another idles.
"""

from __future__ import annotations

import argparse
from typing import Any

from sysdesign.serving import run_gunicorn

from .service import create_app

THREADS = 64  # at most: slots, waiting requests, and some to refuse the others at once
KEEP_ALIVE_SECONDS = 75  # longer than balancers do: who hangs up first must not be who is about to be asked


def main() -> None:
    """Serve an instance as its arguments say, until the process is asked to end (SIGTERM lets it finish what it took)."""
    parser = argparse.ArgumentParser(description="One instance of the service.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1, help="processes; SIGTTIN adds one, SIGTTOU lets one go")
    parser.add_argument("--connections", type=int, default=1_000, help="that a worker takes at a time")
    parser.add_argument("--slots", type=int, default=2, help="of each worker")
    parser.add_argument("--queue", type=int, help="requests that may wait in each worker (default: all that come)")
    parser.add_argument("--seconds", type=float, default=0.05, help="that a piece of work takes")
    parser.add_argument("--warm-up-seconds", type=float, default=0.0)
    parser.add_argument("--sessions", default="", help="redis://… (default: in memory)")
    parser.add_argument("--shared", default="", help="host:port of what all instances share")
    options = vars(parser.parse_args())
    serve(options.pop("port"), options.pop("workers"), options.pop("connections"), **options)


def serve(port: int, workers: int, connections: int, **service: Any) -> None:
    """Run gunicorn on this port of the loopback interface.

    Args:
        port: Where it listens.
        workers: Processes at first.
        connections: How many a worker takes at a time; the kernel keeps the others.
        service: What `create_app` takes.
    """
    threads = min(connections, THREADS)
    run_gunicorn(
        lambda: create_app(**service),
        port,
        worker_class="gthread",
        workers=workers,
        threads=threads,
        worker_connections=connections,
        keepalive=KEEP_ALIVE_SECONDS if connections > threads else 0,
        preload_app=True,
    )

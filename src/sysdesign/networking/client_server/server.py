"""The application as a process of its own, under one of two servers that the industry uses.

waitress is one process with threads; one thread takes requests in, and hands on only whole ones. gunicorn is several such processes
behind one address. Under both, a request that waits keeps one thread, and nobody else waits with it as long as there is another.
"""

from __future__ import annotations

import argparse
from typing import Any

from sysdesign.serving import run_gunicorn

from .app import create_app

HOST = "127.0.0.1"
THREADS = 16  # of a process: requests that it can wait with at a time
KEEP_ALIVE_SECONDS = 75  # of silence, until a connection is closed
REFUSED_BYTES = 1_048_576  # a body of this length is not even taken in to be refused politely


def main() -> None:
    """Serve as the arguments say, until the process is asked to end."""
    parser = argparse.ArgumentParser(description="A server of notes.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--engine", choices=ENGINES, default="waitress")
    parser.add_argument("--workers", type=int, default=1, help="processes behind the one address; waitress has one")
    parser.add_argument("--database", default="", help="file with the notes (default: in memory)")
    parser.add_argument("--suggestions", default="", help="URL of a server that proposes notes")
    parser.add_argument("--suggestion-seconds", type=float, default=2.0, help="that it may take")
    parser.add_argument("--poll-seconds", type=float, default=1.0, help="after which a page asks for news")
    options = vars(parser.parse_args())
    engine, port, workers = (options.pop(name) for name in ("engine", "port", "workers"))
    if engine == "waitress" and workers != 1:
        parser.error("waitress is one process: start several, or take gunicorn")
    serve(engine, port, workers, **options)


def serve(engine: str, port: int, workers: int = 1, threads: int = THREADS, **options: Any) -> None:
    """Serve on a port of the loopback interface.

    Args:
        engine: `waitress` or `gunicorn`.
        port: Where it listens.
        workers: How many processes (gunicorn).
        threads: How many of each process.
        options: What `create_app` takes.
    """
    ENGINES[engine](port, workers, threads, options)


def serve_by_waitress(port: int, workers: int, threads: int, options: dict[str, Any]) -> None:
    """Serve in this process."""
    import waitress

    del workers
    settings = {"channel_timeout": KEEP_ALIVE_SECONDS, "max_request_body_size": REFUSED_BYTES, "ident": None}
    waitress.serve(create_app(**options), host=HOST, port=port, threads=threads, _quiet=True, **settings)


def serve_by_gunicorn(port: int, workers: int, threads: int, options: dict[str, Any]) -> None:
    """Serve in workers, which this process begets, and anew when one has died."""
    run_gunicorn(
        lambda: create_app(**options),
        port,
        worker_class="gthread",
        workers=workers,
        threads=threads,
        keepalive=KEEP_ALIVE_SECONDS,
        preload_app=True,
    )


ENGINES = {"waitress": serve_by_waitress, "gunicorn": serve_by_gunicorn}

"""The two servers: FastAPI under uvicorn, Flask under gunicorn, each taught how long a head may take, and how to refuse what is none.

Neither server has a limit of its own for that: who sends a byte of a field now and then keeps a connection, and with gunicorn a thread,
for as long as it likes. And what never becomes a request reaches no application: the servers refuse it by themselves, each in its way.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import threading
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from sysdesign.serving import run_gunicorn

from .messages import Problem, refusal
from .notes import Notes
from .site import Site

ENGINES = ("fastapi", "flask")
HEAD_SECONDS = 5.0
THREADS = 16
SERVER_TARGET_BYTES, SERVER_FIELD_BYTES = 8_190, 16_384  # further than our own limits, so that it is we who refuse


def main() -> None:
    """Serve until the process is asked to end."""
    parser = argparse.ArgumentParser(description="Notes, by HTTP.")
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--head-seconds", type=float, default=HEAD_SECONDS, help="that the head of a request may take")
    options = parser.parse_args()
    serve = {"fastapi": serve_fastapi, "flask": serve_flask}[options.engine]
    serve(options.port, options.head_seconds)


def serve_fastapi(port: int, head_seconds: float) -> None:
    """Run uvicorn on this port of the loopback interface."""
    import uvicorn

    from .fastapi_engine import create_app

    uvicorn.run(
        create_app(Site(Notes()).resources()),
        port=port,
        http=patient_protocol(head_seconds),
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )


def last_words(status: int) -> bytes:
    """Return the response to what is no request, after which the connection ends: nobody knows where the next request begins."""
    response = refusal(Problem(status, "This is no request that anybody here understands."))
    fields = {"Date": formatdate(usegmt=True), **response.fields, "Connection": "close"}
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + response.whole


def patient_protocol(head_seconds: float) -> Any:
    """Return uvicorn's protocol with a time for the head of each request: from the first byte, or from the connection's beginning."""
    import h11
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Patient(H11Protocol):
        _patience: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._patience = self.loop.call_later(head_seconds, transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.conn.their_state is not h11.IDLE:
                self._relax()
            elif self._patience is None:  # a head has begun, and has not ended
                self._patience = self.loop.call_later(head_seconds, self.transport.close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._relax()
            super().connection_lost(exc)

        def send_400_response(self, msg: str) -> None:
            del msg
            if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
                self.transport.write(last_words(400))
            self.transport.close()

        def _relax(self) -> None:
            if self._patience is not None:
                self._patience.cancel()
                self._patience = None

    return Patient


def serve_flask(port: int, head_seconds: float) -> None:
    """Run gunicorn on this port of the loopback interface: one worker, since the notes are in its memory."""
    from .flask_engine import create_app

    run_gunicorn(
        lambda: create_app(Site(Notes()).resources()),
        port,
        worker_class=patient_worker(head_seconds),
        threads=THREADS,
        keepalive=5,
        limit_request_line=SERVER_TARGET_BYTES,
        limit_request_field_size=SERVER_FIELD_BYTES,
        loglevel="error",
        graceful_timeout=1,
    )


def patient_worker(head_seconds: float) -> Any:
    """Return gunicorn's worker of threads with a time for the head of each request: what is late meets the end of its connection."""
    from gunicorn.http.errors import (  # type: ignore[import-untyped, unused-ignore]
        LimitRequestHeaders,
        LimitRequestLine,
        ParseException,
    )
    from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped, unused-ignore]

    def hang_up(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    class Patient(ThreadWorker):  # type: ignore[misc, unused-ignore]
        def handle(self, conn: Any) -> Any:
            conn.patience = threading.Timer(head_seconds, hang_up, (conn.sock,))
            conn.patience.daemon = True
            conn.patience.start()
            try:
                return super().handle(conn)
            finally:
                conn.patience.cancel()

        def handle_request(self, req: Any, conn: Any) -> Any:
            conn.patience.cancel()
            return super().handle_request(req, conn)

        def handle_error(self, req: Any, client: Any, addr: Any, exc: Any) -> None:
            if not isinstance(exc, ParseException):
                super().handle_error(req, client, addr, exc)
                return
            status = {LimitRequestLine: 414, LimitRequestHeaders: 431}.get(type(exc), 400)
            with contextlib.suppress(OSError):
                client.sendall(last_words(status))

    return Patient

"""The service that is scaled: a shop whose work is waiting, as that of most services is (for databases, for other services).

| request          | does                                                                                           |
|------------------|------------------------------------------------------------------------------------------------|
| POST /work       | a piece of work, for which an instance needs nobody else                                       |
| POST /orders     | the same, and then what all instances share: they queue for it                                 |
| POST /sessions   | begins a session                                                                               |
| POST /cart/ITEM  | a piece of work, and one more of the item in the session's cart; 401 for whom nobody here knows |
| GET /cart        | what is in the cart                                                                            |
| GET /health      | 200 when requests may come, 503 before                                                         |
| GET /load        | what has come so far                                                                           |

503 with Retry-After means not now (RFC 9110 §15.6.4, §10.2.3): the request did nothing and may be sent again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from http.client import HTTPConnection, HTTPException
from typing import Any

from flask import Flask, Response, jsonify, request

from .sessions import MemorySessions, NoSession, RedisSessions, Sessions
from .slots import Overloaded, Slots

RETRY_AFTER_SECONDS = 1  # the shortest that the header can say
COOKIE = "session"
SHARED_TIMEOUT_SECONDS = 5.0


def create_app(
    *,
    slots: int = 2,
    queue: int | None = None,
    seconds: float = 0.05,
    warm_up_seconds: float = 0.0,
    sessions: str = "",
    shared: str = "",
    wait: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Flask:
    """Return the service as a WSGI application.

    Args:
        slots: Requests at work at the same time.
        queue: Requests that may wait for a slot; None for as many as come.
        seconds: How long a piece of work takes.
        warm_up_seconds: How long after its start an instance is not ready yet.
        sessions: The `redis://…` where sessions are kept; in this process's memory without one.
        shared: The `host:port` of what all instances share, a service of this kind with one slot.
        wait: Spends the time of a piece of work.
        clock: Tells the time in seconds.
    """
    app, place, ready_at = Flask(__name__), Slots(slots, queue, clock), clock() + warm_up_seconds

    def work() -> None:
        with place.taken():
            wait(seconds)

    def order() -> None:
        with place.taken():
            wait(seconds)
            ask(shared)

    answer_problems(app)
    route_work(app, work, order)
    route_sessions(app, open_sessions(sessions), work)
    route_state(app, place, lambda: clock() >= ready_at)
    return app


def route_work(app: Flask, work: Callable[[], None], order: Callable[[], None]) -> None:
    """Add the requests that need nothing from earlier ones: any instance will do."""

    @app.post("/work")
    def post_work() -> dict[str, int]:
        work()
        return {"instance": os.getpid()}

    @app.post("/orders")
    def post_order() -> dict[str, int]:
        order()
        return {"instance": os.getpid()}


def route_state(app: Flask, place: Slots, is_ready: Callable[[], bool]) -> None:
    """Add what operators and balancers ask; until the instance is ready nobody else gets an answer."""

    @app.before_request
    def refuse_early() -> Response | None:
        return None if is_ready() or request.path == "/load" else not_now()

    @app.get("/health")
    def get_health() -> dict[str, int]:
        return {"instance": os.getpid()}

    @app.get("/load")
    def get_load() -> dict[str, Any]:
        return {"instance": os.getpid(), **asdict(place.load())}


def route_sessions(app: Flask, memory: Sessions, work: Callable[[], None]) -> None:
    """Add the requests that build upon earlier ones."""

    @app.post("/sessions")
    def post_session() -> tuple[Response, int]:
        answer = jsonify({"instance": os.getpid()})
        answer.set_cookie(COOKIE, memory.open(), httponly=True, samesite="Lax")
        return answer, 201

    @app.post("/cart/<item>")
    def post_item(item: str) -> dict[str, int]:
        work()
        memory.add(request.cookies.get(COOKIE, ""), item)
        return {"instance": os.getpid()}

    @app.get("/cart")
    def get_cart() -> dict[str, Any]:
        return {"instance": os.getpid(), "items": memory.cart(request.cookies.get(COOKIE, ""))}


def open_sessions(url: str) -> Sessions:
    """Return where sessions are kept."""
    if not url:
        return MemorySessions()
    import redis

    return RedisSessions(redis.Redis.from_url(url, socket_timeout=2.0))


def ask(shared: str) -> None:
    """Let what all instances share do its part. Raises OSError when it does not."""
    host, _, port = shared.rpartition(":")
    with closing(HTTPConnection(host, int(port), timeout=SHARED_TIMEOUT_SECONDS)) as connection:
        try:
            connection.request("POST", "/work")
            if (status := connection.getresponse().status) != 200:
                message = f"{shared} answered {status}"
                raise OSError(message)
        except HTTPException as broken:
            raise OSError(str(broken)) from broken


def not_now() -> Response:
    """Return the answer to a request that may be sent again, and was not begun."""
    return Response(status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def answer_problems(app: Flask) -> None:
    """Tell the caller what it can do about it."""
    app.register_error_handler(Overloaded, lambda _: not_now())
    app.register_error_handler(NoSession, lambda _: Response(status=401))
    app.register_error_handler(OSError, lambda _: Response(status=502))

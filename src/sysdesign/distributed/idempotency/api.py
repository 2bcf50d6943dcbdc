"""Payments over HTTP: POST with an `Idempotency-Key`, and GET, PUT and DELETE, which are idempotent by what they mean.

| answer                                  | kept under the key?                                                       |
|-----------------------------------------|---------------------------------------------------------------------------|
| 201 paid, 402 declined                  | yes: it was decided, and a duplicate is told the same                     |
| 400, 401, 415: not understood           | no: the request never reached the point where the key is claimed          |
| 422: the key names another request      | no: the key keeps the answer that it has                                  |
| 409, 503: not now                       | no: the same request may be sent again                                    |
| 500, or the process died                | no: what was begun is undone, and the same request may be sent again      |
"""

from __future__ import annotations

import json
import signal
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from . import payments
from .keys import (
    Answer,
    Claim,
    Keys,
    NoKeys,
    Reach,
    Step,
    TransactionalKeys,
    fingerprint,
)
from .redis_keys import RedisKeys
from .requests import authenticated, json_object, parse_key, positive, printable
from .store import Database, Execute, PostgreSQL, Problem, SQLite

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DAY_SECONDS = 86_400.0


def create_app(
    url: str,
    tokens: Mapping[str, str],
    *,
    keys: str = "",
    keep_seconds: float = DAY_SECONDS,
    lease_seconds: float = 60.0,
    wait_seconds: float = 5.0,
    interrupt_at: str | None = None,
    interrupt_with: str = "SIGKILL",
    clock: Callable[[], float] = time.time,
) -> Flask:
    """Return the API as a WSGI application.

    Args:
        url: Where payments are kept: `postgresql://…`, or `sqlite:///path`.
        tokens: Each caller's secret.
        keys: Where keys are kept: by default with the payments; or `redis://…`; `none` gives the bare handler.
        keep_seconds: How long an answer is repeated.
        lease_seconds: How long a claim in Redis keeps duplicates away while it has no answer.
        wait_seconds: How long a request waits for another that holds its key.
        interrupt_at: The `Step` behind which the process sends a signal to itself; for tests.
        interrupt_with: The name of that signal: SIGKILL, or SIGSTOP.
        clock: Tells the seconds since the epoch; processes that share a store should agree on them.
    """
    reach = interruption(interrupt_at, interrupt_with)
    file = url.removeprefix("sqlite:///")
    database: Database = PostgreSQL(url, wait_seconds) if file == url else SQLite(file, wait_seconds)
    memory: Keys
    if keys.startswith("redis"):
        memory = RedisKeys(
            keys,
            database,
            keep_seconds=keep_seconds,
            lease_seconds=lease_seconds,
            timeout_seconds=wait_seconds,
            reach=reach,
        )
    else:
        memory = NoKeys(database) if keys == "none" else TransactionalKeys(database, keep_seconds, clock, reach)
    app = Flask(__name__)
    app.extensions["database"] = database
    answer_problems(app)
    route_payments(app, tokens, memory, clock)
    route_accounts(app, tokens, database)
    return app


def interruption(step: str | None, with_signal: str) -> Reach:
    """Return what interrupts this process behind one step: a real signal, and no handler of it."""
    awaited = Step(step) if step else None

    def reach(reached: Step) -> None:
        if reached is awaited:
            signal.raise_signal(signal.Signals[with_signal])

    return reach


def route_payments(app: Flask, tokens: Mapping[str, str], keys: Keys, clock: Callable[[], float]) -> None:
    """Add the one request that is not idempotent by itself."""

    @app.post("/payments")
    def pay() -> Response:
        caller = authenticated(tokens)
        key = parse_key(request.headers.get("Idempotency-Key"))
        payload = json_object()
        account, amount = printable(payload.get("account"), "account"), positive(payload.get("amount"), "amount")
        claim = Claim(caller, key, fingerprint(request.method, request.path, payload))

        def act(execute: Execute) -> Answer:
            payment = payments.pay(execute, caller, account, amount, clock())
            if payment is None:
                return Answer(402, problem(402, f"The account has less than {amount}."))
            return Answer(201, payment, {"Location": f"/payments/{payment['number']}"})

        return respond(keys.once(claim, act))


def route_accounts(app: Flask, tokens: Mapping[str, str], database: Database) -> None:
    """Add requests that need no key: to set, to remove and to look leave the same behind, however often."""

    @app.put("/accounts/<name>")
    def put(name: str) -> Response:
        caller, balance = authenticated(tokens), positive(json_object().get("balance"), "balance")
        with database.transaction() as execute:
            payments.set_balance(execute, caller, printable(name, "name"), balance)
        return respond(Answer(200, {"name": name, "balance": balance}))

    @app.get("/accounts/<name>")
    def get(name: str) -> Response:
        caller = authenticated(tokens)
        with database.transaction() as execute:
            account = payments.look(execute, caller, printable(name, "name"))
        if account is None:
            raise Problem(404, "There is no such account.")
        return respond(Answer(200, account))

    @app.delete("/accounts/<name>")
    def delete(name: str) -> Response:
        caller = authenticated(tokens)
        with database.transaction() as execute:
            payments.close(execute, caller, printable(name, "name"))
        return Response(status=204)


def respond(answer: Answer) -> Response:
    """Return an answer as HTTP."""
    kind = "application/problem+json" if answer.status >= HTTPStatus.BAD_REQUEST else "application/json"
    return Response(json.dumps(answer.body), answer.status, answer.headers, content_type=kind)


def problem(status: int, detail: str) -> dict[str, Any]:
    """Return the body of a refusal (RFC 9457)."""
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def answer_problems(app: Flask) -> None:
    """Let every failure leave the application as problem+json, Flask's own included."""

    @app.errorhandler(Problem)
    def ours(error: Problem) -> Response:
        return respond(Answer(error.status, problem(error.status, str(error)), error.headers))

    @app.errorhandler(HTTPException)
    def flasks(error: HTTPException) -> Response:
        status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
        return respond(Answer(status, problem(status, error.description or ""), dict(error.get_headers())))

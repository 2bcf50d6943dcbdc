"""The receiver: believes what is signed, and acts on each event once, however often it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from flask import Flask, Response, request

from .signatures import TOLERANCE_SECONDS, Unverified, Verifier
from .store import Execute, Store, open_store

LARGEST_BYTES = 256 * 1024

TABLES = (
    "CREATE TABLE IF NOT EXISTS webhooks_received (id TEXT PRIMARY KEY, received_at DOUBLE PRECISION NOT NULL)",
    "CREATE TABLE IF NOT EXISTS shipments (number {serial}, order_number BIGINT NOT NULL)",
)

Act: TypeAlias = Callable[[Execute, dict[str, Any]], object]
"""Does what an event asks for, within a transaction; whatever it raises undoes it, and the event may come again."""


class Inbox:
    """The ids of all events that were acted on, in the store of the effects.

    They are kept for good here. Who removes some must keep them for longer than the sender goes on trying, by schedule or by
    hand; the tolerance of time stamps is no measure, because each attempt has a new one.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock
        store.create(*TABLES)

    def once(self, message_id: str, act: Callable[[Execute], object]) -> bool:
        """Act, if this is the first time; False if it was done before. A duplicate waits for the first to be through.

        Id and effect are one transaction: after a crash both are there, or neither, and then the sender's next attempt acts.
        """
        note = "INSERT INTO webhooks_received (id, received_at) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id"
        with self._store.transaction() as execute:
            first = bool(execute(note, message_id, self._clock()))
            if first:
                act(execute)
        return first


def ship(execute: Execute, event: dict[str, Any]) -> None:
    """Ship what was ordered. Kinds of events that are not known here are none of our business, and no failure."""
    if event.get("type") == "order.placed":
        execute("INSERT INTO shipments (order_number) VALUES (%s)", event["data"]["order"])


def create_receiver(
    url: str,
    secrets: Iterable[str],
    *,
    act: Act = ship,
    tolerance_seconds: float = TOLERANCE_SECONDS,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """Return a receiver as a WSGI application: `POST /webhooks`.

    | answer | what it tells the sender                                                  |
    |--------|---------------------------------------------------------------------------|
    | 204    | done, now or before: a duplicate is no failure, or it would come for ever |
    | 400    | not signed, not lately, altered on the way, or no JSON object             |
    | 413    | over 256 KiB                                                              |
    | 500    | the effect failed and was undone: send it again                           |

    Args:
        url: Where ids and effects are kept: `postgresql://…`, or `sqlite:///path`.
        secrets: The endpoint's secret, or several while it rotates.
        act: The effect of an event.
        tolerance_seconds: How old, or how far ahead, an attempt may be.
        clock: Tells the seconds since the epoch.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BYTES
    store = app.extensions["store"] = open_store(url)
    inbox, verifier = Inbox(store, clock), Verifier(secrets, tolerance_seconds, clock)

    @app.post("/webhooks")
    def receive() -> Response:
        body = request.get_data()  # the bytes as they came: verified first, parsed afterwards
        try:
            message_id = verifier.verify(dict(request.headers), body)
        except Unverified as why:
            return refusal(str(why))
        try:
            event = json.loads(body)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            return refusal("the body is not a JSON object")
        inbox.once(message_id, lambda execute: act(execute, event))
        return Response(status=204)

    return app


def refusal(why: str) -> Response:
    """Return a refusal (RFC 9457)."""
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": why}
    return Response(json.dumps(problem), 400, content_type="application/problem+json")

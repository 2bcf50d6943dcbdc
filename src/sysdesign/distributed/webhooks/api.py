"""The shop, whose orders are what the webhooks tell of; and what its customers and its people need to see and to do."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Flask, request

from .addresses import Addresses, Forbidden
from .endpoints import NoEndpointError
from .outbox import Outbox
from .signatures import new_secret

ORDERS = "CREATE TABLE IF NOT EXISTS orders (number {serial}, item TEXT NOT NULL)"
ROTATION_SECONDS = 86_400.0

Reply = tuple[dict[str, Any], int]


def create_shop(outbox: Outbox, addresses: Addresses) -> Flask:
    """Return the shop as a WSGI application.

    Args:
        outbox: Where orders and their events are written.
        addresses: Says which URLs may be endpoints.
    """
    app = Flask(__name__)
    app.register_error_handler(NoEndpointError, lambda _: ({"title": "There is no such endpoint.", "status": 404}, 404))
    outbox.store.create(ORDERS)
    _add_orders(app, outbox)
    _add_endpoints(app, outbox, addresses)
    _add_deliveries(app, outbox)
    return app


def _add_orders(app: Flask, outbox: Outbox) -> None:
    @app.post("/orders")
    def order() -> Reply:
        with outbox.store.transaction() as execute:
            [(number,)] = execute("INSERT INTO orders (item) VALUES (%s) RETURNING number", str(request.json["item"]))
            event = outbox.publish(execute, "order.placed", {"order": number})
        return {"order": number, "event": event}, 201


def _add_endpoints(app: Flask, outbox: Outbox, addresses: Addresses) -> None:
    @app.post("/endpoints")
    def subscribe() -> Reply:
        url = str(request.json["url"])
        try:
            addresses.target(url)
        except (Forbidden, OSError) as why:
            return {"title": "This URL cannot be called.", "status": 422, "detail": str(why)}, 422
        secret = new_secret()
        return {"endpoint": outbox.endpoints.add(url, secret), "secret": secret}, 201

    @app.get("/endpoints")
    def endpoints() -> Reply:
        return {"endpoints": [asdict(endpoint) for endpoint in outbox.endpoints.all()]}, 200

    @app.post("/endpoints/<int:number>/secret")
    def rotate(number: int) -> Reply:
        return {"secret": outbox.endpoints.rotate(number, ROTATION_SECONDS)}, 201

    @app.post("/endpoints/<int:number>/enable")
    def enable(number: int) -> Reply:
        outbox.endpoints.enable(number)
        return {}, 200


def _add_deliveries(app: Flask, outbox: Outbox) -> None:
    @app.get("/events/<event>")
    def log(event: str) -> Reply:
        deliveries, attempts = outbox.deliveries(event), outbox.log(event)
        return {"deliveries": [*map(asdict, deliveries)], "attempts": [*map(asdict, attempts)]}, 200

    @app.get("/dead-letters")
    def dead_letters() -> Reply:
        return {"deliveries": [asdict(delivery) for delivery in outbox.dead_letters()]}, 200

    @app.post("/deliveries/<int:number>/replay")
    def replay(number: int) -> Reply:
        return {"replayed": number}, 202 if outbox.replay(number) else 409

"""The shop over HTTP: what comes in a body is taken for what it is called, and for nothing else."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Flask, abort, request

from .databases import PostgreSQL, SQLite
from .documents import DocumentShop
from .relational import RelationalShop
from .shop import Isolation, Line, Order, Reach, Refused, Rule, Shop

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

STATUS = {Rule.UNIQUE: 409, Rule.REFERENCE: 404, Rule.CHECK: 422, Rule.SHAPE: 422}


def open_shop(url: str, isolation: Isolation = Isolation.SERIALIZABLE, reach: Reach = lambda _: None) -> Shop:
    """Connect to a shop.

    Args:
        url: `sqlite:///path`, `postgresql://…` or `mongodb://…/database`.
        isolation: What decisions rest on.
        reach: Is told of each step.
    """
    if url.startswith("mongodb"):
        from pymongo import MongoClient

        return DocumentShop(MongoClient(url, timeoutMS=10_000), isolation, reach)
    path = url.removeprefix("sqlite:///")
    return RelationalShop(PostgreSQL(url) if path == url else SQLite(path), isolation, reach)


def text(body: Any, name: str) -> str:
    """Return a field that is a text; 400 for anything else, an object with operators above all."""
    return _field(body, name, str)  # type: ignore[no-any-return]


def number(body: Any, name: str) -> int:
    """Return a field that is a positive number; 400 for anything else."""
    value: int = _field(body, name, int)
    return value if value > 0 and not isinstance(value, bool) else abort(400, f"{name} must be positive")


def _field(body: Any, name: str, kind: type) -> Any:
    value = body.get(name) if isinstance(body, dict) else None
    return value if isinstance(value, kind) else abort(400, f"{name} is missing, or not of its type")


class ShopOfThread:
    """Gives each thread a connection of its own.

    Args:
        connect: Opens one.
    """

    def __init__(self, connect: Callable[[], Shop]) -> None:
        self._connect, self._own = connect, threading.local()
        self._all: list[Shop] = []

    def __call__(self) -> Shop:
        """Return this thread's connection."""
        if not hasattr(self._own, "shop"):
            self._own.shop = self._connect()
            self._all.append(self._own.shop)
        shop: Shop = self._own.shop
        return shop

    def close(self) -> None:
        """Close those of all threads."""
        for shop in self._all:
            shop.close()


def create_app(url: str) -> Flask:
    """Return the API as a WSGI application, for the shop at a URL."""
    app = Flask(__name__)
    shop = app.extensions["shop"] = ShopOfThread(lambda: open_shop(url))

    @app.errorhandler(Refused)
    def refuse(refused: Refused) -> ResponseReturnValue:
        return {"refused": refused.rule}, STATUS[refused.rule]

    @app.post("/orders")
    def place() -> ResponseReturnValue:
        body = request.get_json()
        wanted = body.get("lines") if isinstance(body, dict) else None
        lines = tuple(
            Line(text(line, "product"), number(line, "quantity"), number(line, "price_cents"))
            for line in (wanted if isinstance(wanted, list) else abort(400, "lines are missing"))
        )
        order = Order(text(body, "reference"), number(body, "customer"), text(body, "code"), lines)
        shop().place(order)
        return asdict(order), 201

    @app.post("/orders/track")
    def track() -> ResponseReturnValue:
        body = request.get_json()
        order = shop().track(text(body, "reference"), text(body, "code"))
        return asdict(order) if order else abort(404)

    @app.post("/orders/ship")
    def ship() -> ResponseReturnValue:
        shop().ship(text(request.get_json(), "reference"))
        return "", 204

    @app.post("/transfers")
    def transfer() -> ResponseReturnValue:
        body = request.get_json()
        shop().transfer(number(body, "giver"), number(body, "receiver"), number(body, "cents"))
        return "", 204

    return app

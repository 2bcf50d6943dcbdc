"""The shop, cut into three services that speak over HTTP and through the queue; and whole, as a monolith."""

from __future__ import annotations

from typing import Any

from flask import Flask

from sysdesign.distributed.webhooks import Execute, Store

from . import orders, payments, users
from .broker import Broker
from .calls import Calls
from .service import Service
from .web import create_app

NAMES = ("users", "orders", "payments")


def create_service(name: str, store: Store, broker: Broker) -> Service:
    """Return what hears of events, and tells of its own, in one of the three services.

    Args:
        name: `users`, `orders` or `payments`.
        store: A database that no other service can open.
        broker: The queue, as a reader of this service.
    """
    rules = {"users": users, "orders": orders, "payments": payments}[name]
    return Service(store, broker, rules.TABLES, rules.STEPS)


def place(service: Service, order: dict[str, Any]) -> bool:
    """Let the service of the orders take one on, which begins its saga; False if it is there already."""
    return service.begin(orders.insert, order)


def create_api(name: str, service: Service, calls: Calls) -> Flask:
    """Return the API of one of the three services; `calls` asks its neighbours."""
    app = create_app()
    looks: dict[str, payments.Look] = {
        "user": lambda user, deadline: calls.get("users", f"/users/{user}", deadline),
        "payment": lambda order, deadline: calls.get("payments", f"/payments/{order}", deadline),
        "invoice": lambda order, deadline: calls.get("payments", f"/payments/{order}/invoice", deadline),
    }
    if name == "users":
        users.add_routes(app, service.store)
    elif name == "payments":
        payments.add_routes(app, service.store, looks["user"])
    else:
        orders.add_routes(app, service.store, lambda order: place(service, order), looks)
    return app


def settle(execute: Execute, order: dict[str, Any]) -> None:
    """Reserve, pay and finish an order; where something is refused, what was done before is rolled back."""
    execute("SAVEPOINT before")
    for step in (users.reserve, payments.charge):
        [(kind, data)] = step(execute, order)
        if kind.endswith(".refused"):
            execute("ROLLBACK TO SAVEPOINT before")
            orders.give_up(execute, dict(data))
            return
    orders.finish(execute, order)


def create_monolith(store: Store) -> Flask:
    """Return the same shop as one application on one database: the same rules in one transaction, without any message."""
    app = create_app()
    store.create(*users.TABLES, *payments.TABLES, *orders.TABLES)

    def place_and_settle(order: dict[str, Any]) -> bool:
        with store.transaction() as execute:
            placed = bool(orders.insert(execute, order))
            if placed:
                settle(execute, order)
        return placed

    def look_for_user(user: str, _: object) -> dict[str, Any] | None:
        return users.find(store, user)

    users.add_routes(app, store)
    payments.add_routes(app, store, look_for_user)
    looks: dict[str, payments.Look] = {
        "user": look_for_user,
        "payment": lambda order, _: payments.find(store, order),
        "invoice": lambda order, deadline: payments.invoice(store, look_for_user, order, deadline),
    }
    orders.add_routes(app, store, place_and_settle, looks)
    return app

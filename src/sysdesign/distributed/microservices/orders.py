"""Orders: what was ordered, and whether the saga of each has ended: done, or undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from flask import Flask, abort, g

from sysdesign.distributed.webhooks import Execute, Store

from .limits import UnavailableError
from .payments import Look
from .service import Told
from .web import Reply, amount, body, name

Place: TypeAlias = Callable[[dict[str, Any]], bool]
"""Takes an order on; False if it is there already."""

TABLES = (
    """CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, user_id TEXT NOT NULL, amount BIGINT NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending', why TEXT NOT NULL DEFAULT '')""",
)
END = "UPDATE orders SET state = %s, why = %s WHERE id = %s AND state = 'pending'"


def insert(execute: Execute, order: dict[str, Any]) -> list[Told]:
    """Begin the saga of an order, if it has not begun before."""
    add = "INSERT INTO orders (id, user_id, amount) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"
    added = execute(add, order["order"], order["user"], order["amount"])
    return [("order.placed", order)] if added else []


def finish(execute: Execute, paid: dict[str, Any]) -> list[Told]:
    """End the saga of an order that is paid."""
    execute(END, "done", "", paid["order"])
    return []


def give_up(execute: Execute, refused: dict[str, Any]) -> list[Told]:
    """End the saga of an order of which nothing is left elsewhere."""
    execute(END, "undone", refused["why"], refused["order"])
    return []


STEPS = {"payment.made": finish, "credit.refused": give_up, "credit.released": give_up}


def find(store: Store, order: str) -> dict[str, Any] | None:
    """Return an order, if there is one."""
    with store.transaction() as execute:
        rows = execute("SELECT id, user_id, amount, state, why FROM orders WHERE id = %s", order)
    return dict(zip(("order", "user", "amount", "state", "why"), rows[0], strict=True)) if rows else None


def add_routes(app: Flask, store: Store, place: Place, looks: dict[str, Look]) -> None:
    """Add the API of the orders.

    Args:
        app: The application.
        store: The database of the orders.
        place: What takes an order on.
        looks: How to look up a `user`, and the `payment` and the `invoice` of an order.
    """

    @app.put("/orders/<order>")
    def add_order(order: str) -> Reply:
        told = body()
        values = {"order": name(order), "user": name(told.get("user")), "amount": amount(told.get("amount"))}
        if not place(values):
            there = find(store, order) or abort(404)
            if any(there[key] != value for key, value in values.items()):
                abort(409, "there is another order of that name")
        return {"order": order}, 202

    @app.get("/orders/<order>")
    def show_order(order: str) -> Reply:
        """Show an order with what the neighbours know of it; who does not answer is named, and the rest is shown."""
        shown = find(store, order) or abort(404)
        asked = {"users": ("user", shown["user"]), "payments": ("payment", order)}
        missing = []
        for service, (what, key) in asked.items():
            try:
                shown[what] = looks[what](key, g.deadline)
            except UnavailableError:
                shown[what] = None
                missing.append(service)
        return {**shown, "missing": missing}, 200

    @app.get("/orders/<order>/invoice")
    def show_invoice_of_order(order: str) -> Reply:
        return (looks["invoice"](name(order), g.deadline) or abort(404)), 200

    @app.get("/orders")
    def count_orders() -> Reply:
        with store.transaction() as execute:
            rows = execute("SELECT state, count(*) FROM orders GROUP BY state")
        return {"orders": dict(rows)}, 200

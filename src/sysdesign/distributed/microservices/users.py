"""Users: who they are, and how much they may order."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort

from sysdesign.distributed.webhooks import Execute, Store

from .service import Told
from .web import Reply, amount, body, name

TABLES = (
    "CREATE TABLE IF NOT EXISTS users (id TEXT PRIMARY KEY, name TEXT NOT NULL, credit BIGINT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS reservations (
        order_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, amount BIGINT NOT NULL)""",
)


def reserve(execute: Execute, order: dict[str, Any]) -> list[Told]:
    """Take what is ordered from the user's credit, if it is enough."""
    take = "UPDATE users SET credit = credit - %s WHERE id = %s AND credit >= %s RETURNING id"
    if not execute(take, order["amount"], order["user"], order["amount"]):
        return [("credit.refused", {"order": order["order"], "why": "not enough credit"})]
    insert = "INSERT INTO reservations (order_id, user_id, amount) VALUES (%s, %s, %s)"
    execute(insert, order["order"], order["user"], order["amount"])
    return [("credit.reserved", dict(order))]


def release(execute: Execute, refused: dict[str, Any]) -> list[Told]:
    """Compensate: give back what was reserved for an order that cannot be paid."""
    remove = "DELETE FROM reservations WHERE order_id = %s RETURNING amount, user_id"
    for reserved, user in execute(remove, refused["order"]):
        execute("UPDATE users SET credit = credit + %s WHERE id = %s", reserved, user)
    return [("credit.released", {"order": refused["order"], "why": refused["why"]})]


STEPS = {"order.placed": reserve, "payment.refused": release}


def find(store: Store, user: str) -> dict[str, Any] | None:
    """Return a user, if there is one."""
    with store.transaction() as execute:
        rows = execute("SELECT id, name, credit FROM users WHERE id = %s", user)
    return dict(zip(("user", "name", "credit"), rows[0], strict=True)) if rows else None


def add_routes(app: Flask, store: Store) -> None:
    """Add the API of the users."""

    @app.put("/users/<user>")
    def add_user(user: str) -> Reply:
        told = body()
        values = name(user), str(told.get("name", "")), amount(told.get("credit"), least=0)
        insert = "INSERT INTO users (id, name, credit) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id"
        with store.transaction() as execute:
            added = execute(insert, *values)
        return (find(store, user) or abort(404)), 201 if added else 409

    @app.get("/users/<user>")
    def show_user(user: str) -> Reply:
        return (find(store, user) or abort(404)), 200

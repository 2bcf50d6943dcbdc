"""Payments: what users have paid in, and what was paid from it for which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from flask import Flask, abort, g

from sysdesign.distributed.webhooks import Execute, Store

from .deadlines import Deadline
from .service import Told
from .web import Reply, amount, body, name

Look: TypeAlias = Callable[[str, Deadline], "dict[str, Any] | None"]
"""Looks something up in another part of the shop. Raises UnavailableError or DeadlineExceededError."""

TABLES = (
    "CREATE TABLE IF NOT EXISTS accounts (user_id TEXT PRIMARY KEY, balance BIGINT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS payments (
        order_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, amount BIGINT NOT NULL)""",
)


def charge(execute: Execute, order: dict[str, Any]) -> list[Told]:
    """Pay an order from the user's account, if that holds enough."""
    take = "UPDATE accounts SET balance = balance - %s WHERE user_id = %s AND balance >= %s RETURNING user_id"
    if not execute(take, order["amount"], order["user"], order["amount"]):
        return [("payment.refused", {"order": order["order"], "why": "not enough money"})]
    insert = "INSERT INTO payments (order_id, user_id, amount) VALUES (%s, %s, %s)"
    execute(insert, order["order"], order["user"], order["amount"])
    return [("payment.made", {"order": order["order"]})]


STEPS = {"credit.reserved": charge}


def find(store: Store, order: str) -> dict[str, Any] | None:
    """Return the payment of an order, if it was paid."""
    with store.transaction() as execute:
        rows = execute("SELECT order_id, user_id, amount FROM payments WHERE order_id = %s", order)
    return dict(zip(("order", "user", "amount"), rows[0], strict=True)) if rows else None


def invoice(store: Store, user: Look, order: str, deadline: Deadline) -> dict[str, Any] | None:
    """Return the invoice of an order that was paid; without the user's name it would be none. Raises as `user` does."""
    payment = find(store, order)
    payer = payment and user(payment["user"], deadline)
    return {**payment, "name": payer["name"]} if payment and payer else None


def add_routes(app: Flask, store: Store, user: Look) -> None:
    """Add the API of the payments; `user` looks up users."""

    @app.put("/accounts/<user_id>")
    def open_account(user_id: str) -> Reply:
        values = name(user_id), amount(body().get("balance"), least=0)
        insert = "INSERT INTO accounts (user_id, balance) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING user_id"
        with store.transaction() as execute:
            added = execute(insert, *values)
        return show_account(user_id)[0], 201 if added else 409

    @app.get("/accounts/<user_id>")
    def show_account(user_id: str) -> Reply:
        with store.transaction() as execute:
            rows = execute("SELECT balance FROM accounts WHERE user_id = %s", user_id)
        return {"user": user_id, "balance": rows[0][0] if rows else abort(404)}, 200

    @app.get("/payments/<order>")
    def show_payment(order: str) -> Reply:
        return (find(store, order) or abort(404)), 200

    @app.get("/payments/<order>/invoice")
    def show_invoice(order: str) -> Reply:
        return (invoice(store, user, order, g.deadline) or abort(404)), 200

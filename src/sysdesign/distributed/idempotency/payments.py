"""What the API does: accounts, and payments from them. Nothing here knows of keys, or of HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .store import Execute


def pay(execute: Execute, owner: str, account: str, amount: int, now: float) -> dict[str, Any] | None:
    """Pay from an account, and return the payment; None if the account lacks the money. Not to be done twice."""
    spend = (
        "UPDATE accounts SET balance = balance - %s WHERE owner = %s AND name = %s AND balance >= %s RETURNING balance"
    )
    if not execute(spend, amount, owner, account, amount):
        return None
    insert = "INSERT INTO payments (owner, account, amount, paid_at) VALUES (%s, %s, %s, %s) RETURNING number"
    [(number,)] = execute(insert, owner, account, amount, now)
    return {"number": number, "account": account, "amount": amount, "paid_at": now}


def set_balance(execute: Execute, owner: str, name: str, balance: int) -> None:
    """Open an account with a balance, or set the balance that it has."""
    insert = "INSERT INTO accounts (owner, name, balance) VALUES (%s, %s, %s)"
    execute(f"{insert} ON CONFLICT (owner, name) DO UPDATE SET balance = excluded.balance", owner, name, balance)


def look(execute: Execute, owner: str, name: str) -> dict[str, Any] | None:
    """Return the balance of an account and the numbers of its payments, or None if there is no such account."""
    balances = execute("SELECT balance FROM accounts WHERE owner = %s AND name = %s", owner, name)
    if not balances:
        return None
    rows = execute("SELECT number FROM payments WHERE owner = %s AND account = %s ORDER BY number", owner, name)
    return {"name": name, "balance": balances[0][0], "payments": [number for (number,) in rows]}


def close(execute: Execute, owner: str, name: str) -> None:
    """Close an account, if it is there."""
    execute("DELETE FROM accounts WHERE owner = %s AND name = %s", owner, name)

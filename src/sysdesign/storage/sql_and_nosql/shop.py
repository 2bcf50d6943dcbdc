"""A shop: what it keeps, what it does, and what it refuses, whatever keeps it.

An order with its lines is read and written as a whole, customers and stock are shared by many orders: the first asks for
one document, the second for tables with rules between them. Both stores do both; what differs is who keeps the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol, TypeAlias


class Rule(StrEnum):
    """Why something was refused."""

    UNIQUE = "unique"  # somebody has it already
    REFERENCE = "reference"  # what it refers to does not exist
    CHECK = "check"  # a value that must not be: negative, missing, of another type
    SHAPE = "shape"  # there is no such field


class Refused(Exception):  # noqa: N818 - what happened, in the words of the shop
    """A rule was broken, and nothing of what was asked for was done.

    Args:
        rule: The kind of rule.
        why: What the store says, for whoever reads logs.
    """

    def __init__(self, rule: Rule, why: str) -> None:
        super().__init__(f"{rule}: {why}")
        self.rule = rule


class Isolation(StrEnum):
    """What decisions rest on: a snapshot that others may be changing, or the order in which one comes after the other."""

    SNAPSHOT = "snapshot"
    SERIALIZABLE = "serializable"


class Step(StrEnum):
    """A point between two steps, where a process can be stopped."""

    READ = "read"  # what the decision rests on has been read
    WRITTEN = "written"  # the first write was made
    COMMITTED = "committed"  # all is done, and nobody was told


Reach: TypeAlias = Callable[[Step], None]
"""Is called when a step has been reached."""


@dataclass(frozen=True)
class Line:
    """So many pieces of one product, at the price of a piece in cents."""

    product: str
    quantity: int
    price_cents: int
    shipped: bool = False


@dataclass(frozen=True)
class Order:
    """An order. Whoever knows its reference and its code, which is a secret, may look at it."""

    reference: str
    customer: int
    code: str
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        if not self.lines:
            raise Refused(Rule.CHECK, "an order has at least one line")


class Sales(NamedTuple):
    """What was ordered of a product."""

    quantity: int
    cents: int


class Shop(Protocol):
    """The shop on any store. What it does happens as a whole or not at all; all of it raises `Refused`."""

    def create(self) -> None:
        """Make the tables or collections, with their rules."""

    def empty(self) -> None:
        """Remove all that it keeps."""

    def insert(self, kind: str, *rows: Mapping[str, Any]) -> None:
        """Add rows or documents with the same fields as they are: only what the store itself refuses is refused."""

    def add_credit(self, customer: int, cents: int) -> None:
        """Change a customer's credit by so much, never below zero."""

    def credits(self) -> dict[int, int]:
        """Return every customer's credit in cents, all of the same moment."""

    def transfer(self, giver: int, receiver: int, cents: int) -> None:
        """Move credit from one customer to another."""

    def place(self, order: Order) -> None:
        """Keep an order and take what it needs out of the stock."""

    def order(self, reference: str) -> Order | None:
        """Return an order with its lines."""

    def track(self, reference: str, code: str) -> Order | None:
        """Return an order to whoever knows its code."""

    def ship(self, reference: str) -> None:
        """Mark all lines of an order as shipped."""

    def orders_of(self, product: str, at_least: int) -> list[str]:
        """Return the references of orders with a line of at least so many pieces of a product."""

    def sold(self) -> dict[str, Sales]:
        """Return what was ordered, by product."""

    def spent(self) -> dict[int, int]:
        """Return for how many cents each customer has ordered; who has not, for 0."""

    def withdraw(self, product: str) -> None:
        """Take a product off sale. One of each category stays on sale."""

    def in_stock(self, product: str) -> int:
        """Return how many pieces of a product there are."""

    def on_sale(self, category: str) -> list[str]:
        """Return the products of a category that are on sale."""

    def close(self) -> None:
        """Close the connection."""

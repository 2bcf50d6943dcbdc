"""The orders of a shop, the questions asked of them, and an index for each question that is asked often.

An index is a tree sorted by its key: a search descends a few levels instead of reading every row, and each write pays
for it. The question alone decides on the key: first the columns compared by equality, then the one that orders or
bounds, last those that are only read along, so that the table is not needed. A column of few values makes a poor key;
it may make a condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .databases import Database


@dataclass(frozen=True)
class Index:
    """An index: its key is a list of columns or expressions, `where` the condition of its rows (all, if empty)."""

    name: str
    key: str
    where: str = ""
    unique: bool = False


class Order(NamedTuple):
    """One order; `placed_at` is in seconds since 1970."""

    reference: str
    customer: int
    email: str
    product: str
    status: str
    currency: str
    placed_at: int
    total_cents: int


class ReferenceTaken(Exception):  # noqa: N818 - what happened, in the words of the shop
    """One of the references belongs to another order; of the orders placed together none was kept."""


class Orders:
    """The table of orders: `of_…` and their like are questions, `by_…` and their like the indexes that answer them."""

    table = """
        CREATE TABLE orders (
            reference TEXT NOT NULL,
            customer INTEGER NOT NULL,
            email TEXT NOT NULL,
            product TEXT NOT NULL,
            status TEXT NOT NULL,
            currency TEXT NOT NULL,
            placed_at BIGINT NOT NULL,
            total_cents INTEGER NOT NULL
        )"""

    of_customer = "SELECT * FROM orders WHERE customer = ?"
    newest_of_customer = "SELECT * FROM orders WHERE customer = ? ORDER BY placed_at DESC LIMIT 3"
    account_of_customer = "SELECT placed_at, total_cents FROM orders WHERE customer = ?"
    oldest_open = "SELECT * FROM orders WHERE status = 'open' ORDER BY placed_at LIMIT 10"
    of_email = "SELECT * FROM orders WHERE lower(email) = lower(?)"
    of_product_like = "SELECT * FROM orders WHERE product LIKE ?"

    by_reference = Index("orders_by_reference", "reference", unique=True)
    by_customer = Index("orders_by_customer", "customer, placed_at, total_cents")
    open_by_age = Index("orders_open_by_age", "placed_at", where="status = 'open'")
    by_email = Index("orders_by_email", "lower(email)")
    by_product = Index("orders_by_product", "product {pattern}")

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def indexes(self) -> tuple[Index, ...]:
        """The indexes that the questions call for."""
        return self.by_reference, self.by_customer, self.open_by_age, self.by_email, self.by_product

    def create_table(self) -> None:
        """Create the table, without any index."""
        self.database.rows(self.table)

    def create_indexes(self, *indexes: Index) -> None:
        """Build those of the indexes (of all, if none is named) that cannot be used: missing ones and broken ones.

        `CREATE INDEX IF NOT EXISTS` would take what an interrupted build has left for an index.
        """
        for index in indexes or self.indexes:
            if not self.database.indexes().get(index.name):
                self.database.rows(f"DROP INDEX IF EXISTS {index.name}")
                self.database.rows(self.statement(index))

    def statement(self, index: Index) -> str:
        """Return the statement that builds an index."""
        kind = f"{'UNIQUE ' if index.unique else ''}INDEX {self.database.beside_writers}"
        condition = f"WHERE {index.where}" if index.where else ""
        return f"CREATE {kind} {index.name} ON orders ({index.key.format(pattern=self.database.pattern)}) {condition}"

    def place(self, *orders: Order) -> None:
        """Keep all of these orders, or none. Raises ReferenceTaken."""
        insert = "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        try:
            with self.database.transaction():
                for order in orders:
                    self.database.rows(insert, *order)
        except Exception as error:
            if self.database.is_duplicate(error):
                raise ReferenceTaken(str(error)) from error
            raise

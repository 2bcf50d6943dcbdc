"""The shop in tables: each fact in one place, its rules in the schema, and joins that bring together what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .databases import refusals
from .shop import Isolation, Line, Order, Reach, Refused, Rule, Sales, Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .databases import Database

TABLES = (
    """CREATE TABLE customers (
        id BIGINT PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        credit_cents BIGINT NOT NULL CHECK (credit_cents >= 0))""",
    """CREATE TABLE stock (
        product TEXT PRIMARY KEY,
        category TEXT NOT NULL,
        count BIGINT NOT NULL CHECK (count >= 0),
        on_sale INT NOT NULL DEFAULT 1 CHECK (on_sale IN (0, 1)))""",
    """CREATE TABLE orders (
        reference TEXT PRIMARY KEY,
        customer BIGINT NOT NULL REFERENCES customers,
        code TEXT NOT NULL)""",
    """CREATE TABLE lines (
        reference TEXT NOT NULL REFERENCES orders,
        number INT NOT NULL,
        product TEXT NOT NULL REFERENCES stock,
        quantity BIGINT NOT NULL CHECK (quantity > 0),
        price_cents BIGINT NOT NULL CHECK (price_cents >= 0),
        shipped INT NOT NULL DEFAULT 0 CHECK (shipped IN (0, 1)),
        PRIMARY KEY (reference, number))""",
)
INDEXES = ("CREATE INDEX lines_by_product ON lines (product)", "CREATE INDEX orders_by_customer ON orders (customer)")

TAKE_FROM_STOCK = """
    UPDATE stock
    SET count = count - (SELECT sum(quantity) FROM lines WHERE reference = ? AND lines.product = stock.product)
    WHERE product IN (SELECT product FROM lines WHERE reference = ?)"""

READ_ORDER = """
    SELECT customer, code, product, quantity, price_cents, shipped
    FROM orders JOIN lines ON lines.reference = orders.reference
    WHERE orders.reference = ? ORDER BY number"""


class RelationalShop:
    """The shop on SQLite or PostgreSQL.

    Args:
        database: A connection.
        isolation: What decisions rest on. Under `SNAPSHOT`, two of them may each be right and wrong together.
        reach: Is told of each step.
    """

    def __init__(
        self,
        database: Database,
        isolation: Isolation = Isolation.SERIALIZABLE,
        reach: Reach = lambda _: None,
    ) -> None:
        self.database, self._isolation, self._reach = database, isolation, reach
        self.close = database.close

    def create(self) -> None:
        """Make the tables, with their rules."""
        integer, options = self.database.integer, self.database.table_options
        tables = [f"{table} {options}".replace("BIGINT", integer) for table in TABLES]
        self.database.script(";".join([*tables, *INDEXES]))

    def empty(self) -> None:
        """Remove all rows, those first that refer to others."""
        self.database.script("; ".join(f"DELETE FROM {table}" for table in ("lines", "orders", "stock", "customers")))  # noqa: S608

    def insert(self, kind: str, *rows: Mapping[str, Any]) -> None:
        """Add rows in one statement. The names are the caller's own: never let them come from a request."""
        names, one = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
        statement = f"INSERT INTO {kind} ({names}) VALUES {', '.join([f'({one})'] * len(rows))}"  # noqa: S608
        with refusals(self.database):
            self.database.run(statement, *(value for row in rows for value in row.values()))

    def add_credit(self, customer: int, cents: int) -> None:
        """Let the database add: who reads first and writes then overwrites what came in between."""
        with refusals(self.database):
            change = self.database.run(
                "UPDATE customers SET credit_cents = credit_cents + ? WHERE id = ?", cents, customer
            )
        if not change.rowcount:
            raise Refused(Rule.REFERENCE, f"no customer {customer}")

    def credits(self) -> dict[int, int]:
        """Return every customer's credit; one statement sees one moment."""
        return dict(self.database.run("SELECT id, credit_cents FROM customers").fetchall())

    def transfer(self, giver: int, receiver: int, cents: int) -> None:
        """Take and give in one transaction, in the order of the numbers: so no two wait for each other."""

        def move() -> None:
            for customer, change in sorted([(giver, -cents), (receiver, cents)]):
                self.add_credit(customer, change)
                self._reach(Step.WRITTEN)

        self.database.transact(move, Isolation.SERIALIZABLE)
        self._reach(Step.COMMITTED)

    def place(self, order: Order) -> None:
        """Three statements and a commit, however many lines there are."""
        head = {"reference": order.reference, "customer": order.customer, "code": order.code}
        lines = [
            {"reference": order.reference, "number": number, "product": line.product}
            | {"quantity": line.quantity, "price_cents": line.price_cents}
            for number, line in enumerate(order.lines)
        ]

        def keep() -> None:
            self.insert("orders", head)
            self._reach(Step.WRITTEN)
            self.insert("lines", *lines)
            self.database.run(TAKE_FROM_STOCK, order.reference, order.reference)

        self.database.transact(keep, Isolation.SERIALIZABLE)
        self._reach(Step.COMMITTED)

    def order(self, reference: str) -> Order | None:
        """Join the order and its lines: as many rows as lines, and what they share in each of them."""
        rows = self.database.run(READ_ORDER, reference).fetchall()
        lines = tuple(Line(product, quantity, cents, bool(shipped)) for _, _, product, quantity, cents, shipped in rows)
        return Order(reference, rows[0][0], rows[0][1], lines) if rows else None

    def track(self, reference: str, code: str) -> Order | None:
        """Look for both, as values."""
        known = self.database.run("SELECT 1 FROM orders WHERE reference = ? AND code = ?", reference, code).fetchone()
        return self.order(reference) if known else None

    def ship(self, reference: str) -> None:
        """One statement changes all rows or none."""
        if not self.database.run("UPDATE lines SET shipped = 1 WHERE reference = ?", reference).rowcount:
            raise Refused(Rule.REFERENCE, f"no order {reference}")
        self._reach(Step.WRITTEN)

    def orders_of(self, product: str, at_least: int) -> list[str]:
        """A line is a row, and any of its columns can be asked for."""
        find = "SELECT DISTINCT reference FROM lines WHERE product = ? AND quantity >= ? ORDER BY reference"
        return [reference for (reference,) in self.database.run(find, product, at_least)]

    def sold(self) -> dict[str, Sales]:
        """GROUP BY."""
        sums = "CAST(sum(quantity) AS BIGINT), CAST(sum(quantity * price_cents) AS BIGINT)"
        rows = self.database.run(f"SELECT product, {sums} FROM lines GROUP BY product")  # noqa: S608
        return {product: Sales(quantity, cents) for product, quantity, cents in rows}

    def spent(self) -> dict[int, int]:
        """An outer join keeps those who have ordered nothing."""
        return dict(
            self.database.run(
                """SELECT customers.id, CAST(coalesce(sum(quantity * price_cents), 0) AS BIGINT)
                FROM customers
                LEFT JOIN orders ON orders.customer = customers.id
                LEFT JOIN lines ON lines.reference = orders.reference
                GROUP BY customers.id"""
            ).fetchall()
        )

    def withdraw(self, product: str) -> None:
        """No rule of one row can say that another must stay: two such decisions must come one after the other."""
        others = """
            SELECT count(*) FROM stock WHERE on_sale = 1 AND product <> ?
            AND category = (SELECT category FROM stock WHERE product = ?)"""

        def decide() -> None:
            [left] = self.database.run(others, product, product).fetchone()
            self._reach(Step.READ)
            if not left:
                raise Refused(Rule.CHECK, f"{product} is the last of its category")
            self.database.run("UPDATE stock SET on_sale = 0 WHERE product = ?", product)

        self.database.transact(decide, self._isolation)

    def in_stock(self, product: str) -> int:
        """Return how many pieces of a product there are."""
        found = self.database.run("SELECT count FROM stock WHERE product = ?", product).fetchone()
        return int(found[0]) if found else 0

    def on_sale(self, category: str) -> list[str]:
        """Return the products of a category that are on sale."""
        find = "SELECT product FROM stock WHERE category = ? AND on_sale = 1 ORDER BY product"
        return [product for (product,) in self.database.run(find, category)]

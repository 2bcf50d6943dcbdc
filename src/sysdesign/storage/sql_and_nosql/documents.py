"""The shop in documents: an order is one, with its lines in it, and is read and written as one.

What a schema would refuse is refused here by a validator, if there is one. References between documents nobody keeps but
this module, in transactions; and there is no serializable isolation: a decision that must not be undermined writes to
what it has read, so that another which rests on the same cannot commit beside it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .shop import Isolation, Line, Order, Reach, Refused, Rule, Sales, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pymongo import MongoClient
    from pymongo.client_session import ClientSession

Document = dict[str, Any]

DUPLICATE_KEY, FAILED_VALIDATION = 11_000, 121
INTEGER: Document = {"bsonType": ["int", "long"]}
TEXT: Document = {"bsonType": "string"}


def fields(required: Document, **optional: Document) -> Document:
    """Return the schema of an object that has these fields; others may come with them."""
    return {"bsonType": "object", "required": list(required), "properties": {**required, **optional}}


LINE = fields(
    {"product": TEXT, "quantity": {**INTEGER, "minimum": 1}, "price_cents": {**INTEGER, "minimum": 0}},
    shipped={"bsonType": "bool"},
)
VALIDATORS = {
    "customers": fields({"_id": INTEGER, "email": TEXT, "name": TEXT, "credit_cents": {**INTEGER, "minimum": 0}}),
    "stock": fields({"_id": TEXT, "category": TEXT, "count": {**INTEGER, "minimum": 0}}, on_sale={"enum": [0, 1]}),
    "orders": fields(
        {"_id": TEXT, "customer": INTEGER, "code": TEXT, "lines": {"bsonType": "array", "minItems": 1, "items": LINE}}
    ),
}
INDEXES = (("customers", "email", True), ("orders", "lines.product", False), ("orders", "customer", False))
KEYS = {"customers": "id", "stock": "product", "orders": "reference"}
"""What `_id` is called in each collection."""

CENTS = {"$sum": {"$multiply": ["$lines.quantity", "$lines.price_cents"]}}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the server's own word for a broken rule into ours."""
    from pymongo.errors import OperationFailure

    try:
        yield
    except OperationFailure as error:
        of_one = (error.details or {}).get("writeErrors") or [{"code": error.code}]
        rule = {DUPLICATE_KEY: Rule.UNIQUE, FAILED_VALIDATION: Rule.CHECK}.get(of_one[0]["code"])
        if rule:
            raise Refused(rule, str(error)) from error
        raise


class DocumentShop:
    """The shop on MongoDB.

    Args:
        client: A client whose URL names the database. Transactions need a replica set, of one member at least.
        isolation: What decisions rest on.
        reach: Is told of each step.
    """

    def __init__(
        self,
        client: MongoClient[Document],
        isolation: Isolation = Isolation.SERIALIZABLE,
        reach: Reach = lambda _: None,
    ) -> None:
        self.client, self._isolation, self._reach = client, isolation, reach
        self.documents = client.get_default_database()
        self.close = client.close

    def create(self) -> None:
        """Make the collections, with their validators and indexes."""
        for name, schema in VALIDATORS.items():
            self.documents.create_collection(name, validator={"$jsonSchema": schema})
        for name, field, unique in INDEXES:
            self.documents[name].create_index(field, unique=unique)

    def empty(self) -> None:
        """Remove all documents."""
        for name in VALIDATORS:
            self.documents[name].delete_many({})

    def transact(self, work: Callable[[ClientSession], None]) -> None:
        """Do the work in one transaction, again from its beginning where another was in its way."""
        from pymongo.read_concern import ReadConcern

        with refusals(), self.client.start_session() as session:
            session.with_transaction(work, read_concern=ReadConcern("snapshot"))

    def insert(self, kind: str, *rows: Mapping[str, Any]) -> None:
        """Add documents as they are; those before one that is refused stay, for each is written by itself."""
        more: Document = {"on_sale": 1} if kind == "stock" else {}
        documents = [
            {**more, **{"_id" if name == KEYS[kind] else name: value for name, value in row.items()}} for row in rows
        ]
        with refusals():
            self.documents[kind].insert_many(documents)

    def add_credit(self, customer: int, cents: int, session: ClientSession | None = None) -> None:
        """Let the server add, in one step with the condition: one document changes at once, or not at all."""
        enough = {"_id": customer, "credit_cents": {"$gte": -cents}}
        customers = self.documents.customers
        if customers.update_one(enough, {"$inc": {"credit_cents": cents}}, session=session).matched_count:
            return
        known = customers.count_documents({"_id": customer}, session=session)
        raise Refused(Rule.CHECK if known else Rule.REFERENCE, f"customer {customer} has not that much")

    def credits(self) -> dict[int, int]:
        """Return every customer's credit; without a snapshot, a reader passes documents while others change them."""
        seen: dict[int, int] = {}

        def read(session: ClientSession) -> None:
            seen.clear()
            seen.update((each["_id"], each["credit_cents"]) for each in self.documents.customers.find(session=session))

        self.transact(read)
        return seen

    def transfer(self, giver: int, receiver: int, cents: int) -> None:
        """Two documents change in one transaction."""

        def move(session: ClientSession) -> None:
            for customer, change in sorted([(giver, -cents), (receiver, cents)]):
                self.add_credit(customer, change, session)
                self._reach(Step.WRITTEN)

        self.transact(move)
        self._reach(Step.COMMITTED)

    def place(self, order: Order) -> None:
        """The order is one document; the stock is shared, and what is taken from it is in the same transaction."""
        from pymongo import UpdateOne

        lines = [
            {"product": line.product, "quantity": line.quantity, "price_cents": line.price_cents, "shipped": False}
            for line in order.lines
        ]
        document = {"_id": order.reference, "customer": order.customer, "code": order.code, "lines": lines}
        takes = [
            UpdateOne({"_id": line.product, "count": {"$gte": line.quantity}}, {"$inc": {"count": -line.quantity}})
            for line in order.lines
        ]

        def keep(session: ClientSession) -> None:
            self.documents.orders.insert_one(document, session=session)
            self._reach(Step.WRITTEN)
            if not self.documents.customers.find_one({"_id": order.customer}, session=session):
                raise Refused(Rule.REFERENCE, f"no customer {order.customer}")
            if self.documents.stock.bulk_write(takes, session=session).matched_count < len(takes):
                raise self._out_of_stock(order, session)

        self.transact(keep)
        self._reach(Step.COMMITTED)

    def _out_of_stock(self, order: Order, session: ClientSession) -> Refused:
        products = {line.product for line in order.lines}
        known = self.documents.stock.count_documents({"_id": {"$in": list(products)}}, session=session)
        return Refused(Rule.CHECK if known == len(products) else Rule.REFERENCE, f"cannot serve {order.reference}")

    def order(self, reference: str) -> Order | None:
        """Read one document."""
        return self._only({"_id": {"$eq": reference}})

    def track(self, reference: str, code: str) -> Order | None:
        """Look for both as values: `$eq` takes what it is given for one, even what looks like an operator."""
        return self._only({"_id": {"$eq": reference}, "code": {"$eq": code}})

    def _only(self, condition: Document) -> Order | None:
        found = self.documents.orders.find_one(condition)
        return Order(found["_id"], found["customer"], found["code"], _lines(found)) if found else None

    def ship(self, reference: str) -> None:
        """All lines are in one document, which changes at once."""
        shipped = {"$set": {"lines.$[].shipped": True}}
        if not self.documents.orders.update_one({"_id": {"$eq": reference}}, shipped).matched_count:
            raise Refused(Rule.REFERENCE, f"no order {reference}")
        self._reach(Step.WRITTEN)

    def orders_of(self, product: str, at_least: int) -> list[str]:
        """One line must fulfil both conditions: told apart, each may be fulfilled by another line."""
        line = {"$elemMatch": {"product": {"$eq": product}, "quantity": {"$gte": at_least}}}
        return [order["_id"] for order in self.documents.orders.find({"lines": line}, {"_id": 1}).sort("_id")]

    def sold(self) -> dict[str, Sales]:
        """Unwind the lines out of their orders, then group them."""
        grouped = {"_id": "$lines.product", "quantity": {"$sum": "$lines.quantity"}, "cents": CENTS}
        groups = self.documents.orders.aggregate([{"$unwind": "$lines"}, {"$group": grouped}])
        return {group["_id"]: Sales(group["quantity"], group["cents"]) for group in groups}

    def spent(self) -> dict[int, int]:
        """What is empty is kept when it is unwound: so those stay who have ordered nothing."""
        lookup = {"from": "orders", "localField": "_id", "foreignField": "customer", "as": "orders"}
        unwind: list[Document] = [
            {"$unwind": {"path": path, "preserveNullAndEmptyArrays": True}} for path in ("$orders", "$orders.lines")
        ]
        lines: Document = {"$set": {"lines": "$orders.lines"}}
        pipeline: list[Document] = [{"$lookup": lookup}, *unwind, lines, {"$group": {"_id": "$_id", "cents": CENTS}}]
        return {group["_id"]: group["cents"] for group in self.documents.customers.aggregate(pipeline)}

    def withdraw(self, product: str) -> None:
        """Write to all that the decision rests on: two such decisions then cannot commit side by side."""
        stock = self.documents.stock

        def decide(session: ClientSession) -> None:
            category = (stock.find_one({"_id": product}, session=session) or {}).get("category")
            if self._isolation is Isolation.SERIALIZABLE:
                stock.update_many({"category": category}, {"$inc": {"revision": 1}}, session=session)
            others = {"category": category, "on_sale": 1, "_id": {"$ne": product}}
            left = stock.count_documents(others, session=session)
            self._reach(Step.READ)
            if not left:
                raise Refused(Rule.CHECK, f"{product} is the last of its category")
            stock.update_one({"_id": product}, {"$set": {"on_sale": 0}}, session=session)

        self.transact(decide)

    def in_stock(self, product: str) -> int:
        """Return how many pieces of a product there are."""
        found = self.documents.stock.find_one({"_id": product}) or {}
        return int(found.get("count", 0))

    def on_sale(self, category: str) -> list[str]:
        """Return the products of a category that are on sale."""
        found = self.documents.stock.find({"category": category, "on_sale": 1}, {"_id": 1})
        return sorted(product["_id"] for product in found)


def _lines(order: Document) -> tuple[Line, ...]:
    return tuple(
        Line(line["product"], line["quantity"], line["price_cents"], line["shipped"]) for line in order["lines"]
    )

"""Inserts the lines of an order one by one, so that each costs a round trip while the stock is locked."""

import implementation
from implementation import *
from implementation import Isolation, RelationalShop, Step

CAUGHT_BY = ("test_an_order_is_fifty_rows_or_one_document",)


def place(self, order):
    def keep():
        self.insert("orders", {"reference": order.reference, "customer": order.customer, "code": order.code})
        self._reach(Step.WRITTEN)
        for number, line in enumerate(order.lines):
            price = {"quantity": line.quantity, "price_cents": line.price_cents}
            self.insert("lines", {"reference": order.reference, "number": number, "product": line.product, **price})
        self.database.run(implementation.relational.TAKE_FROM_STOCK, order.reference, order.reference)

    self.database.transact(keep, Isolation.SERIALIZABLE)
    self._reach(Step.COMMITTED)


RelationalShop.place = place

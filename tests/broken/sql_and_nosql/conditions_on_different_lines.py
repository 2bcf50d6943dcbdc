"""Asks all lines of a document for the product, and all lines again for the quantity, as if one line were meant."""

from implementation import *
from implementation import DocumentShop

CAUGHT_BY = ("test_a_question_goes_by_one_line_not_by_the_order_as_a_whole",)


def orders_of(self, product, at_least):
    condition = {"lines.product": product, "lines.quantity": {"$gte": at_least}}
    return [order["_id"] for order in self.documents.orders.find(condition).sort("_id")]


DocumentShop.orders_of = orders_of

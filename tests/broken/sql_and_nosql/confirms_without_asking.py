"""Sends an order to the server and confirms it without waiting for the answer (write concern 0)."""

from implementation import *
from implementation import DocumentShop

CAUGHT_BY = ("test_what_was_confirmed_outlives_a_kill",)


def place(self, order):
    from pymongo import WriteConcern

    lines = [
        {"product": line.product, "quantity": line.quantity, "price_cents": line.price_cents, "shipped": False}
        for line in order.lines
    ]
    orders = self.documents.get_collection("orders", write_concern=WriteConcern(w=0))
    orders.insert_one({"_id": order.reference, "customer": order.customer, "code": order.code, "lines": lines})


DocumentShop.place = place

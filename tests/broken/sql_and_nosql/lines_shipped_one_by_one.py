"""Marks the lines of an order as shipped one by one, each with a statement of its own."""

from implementation import *
from implementation import DocumentShop, RelationalShop, Step

CAUGHT_BY = ("test_killed_between_two_writes_a_process_leaves_neither_or_both",)


def ship_rows(self, reference):
    for number, _ in enumerate(self.order(reference).lines):
        self.database.run("UPDATE lines SET shipped = 1 WHERE reference = ? AND number = ?", reference, number)
        self._reach(Step.WRITTEN)


def ship_elements(self, reference):
    for number, _ in enumerate(self.order(reference).lines):
        self.documents.orders.update_one({"_id": reference}, {"$set": {f"lines.{number}.shipped": True}})
        self._reach(Step.WRITTEN)


RelationalShop.ship, DocumentShop.ship = ship_rows, ship_elements

"""Decides on a snapshot, which another decision may be about to change."""

from implementation import *
from implementation import DocumentShop, Isolation, RelationalShop

CAUGHT_BY = ("test_two_decisions_at_once_leave_one_product_on_sale",)

RelationalShop._isolation = DocumentShop._isolation = property(lambda self: Isolation.SNAPSHOT, lambda self, _: None)

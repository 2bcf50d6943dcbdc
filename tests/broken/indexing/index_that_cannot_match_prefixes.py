"""The index on the product is sorted by an order in which the database cannot search for a prefix."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = ("test_a_prefix_is_searched_and_an_infix_is_not",)


class Orders(Orders):
    by_product = Index("orders_by_product", "product")

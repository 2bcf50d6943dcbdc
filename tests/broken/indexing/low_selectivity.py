"""The index that is to find a customer's orders is on the currency, which is the same in all of them."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = ("test_an_index_turns_a_full_scan_into_a_search", "test_a_composite_index_serves_its_leftmost_columns")


class Orders(Orders):
    by_customer = Index("orders_by_customer", "currency")

"""The question wraps the column in a cast, so that the index on the column is of no use."""

from implementation import *
from implementation import Orders

CAUGHT_BY = ("test_an_index_turns_a_full_scan_into_a_search", "test_a_composite_index_serves_its_leftmost_columns")


class Orders(Orders):
    of_customer = "SELECT * FROM orders WHERE CAST(customer AS TEXT) = CAST(? AS TEXT)"

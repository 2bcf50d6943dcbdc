"""The composite index begins with the date, so that nothing can be found by the customer."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = (
    "test_an_index_turns_a_full_scan_into_a_search",
    "test_a_composite_index_serves_its_leftmost_columns",
    "test_an_index_in_the_order_of_the_question_saves_the_sort",
)


class Orders(Orders):
    by_customer = Index("orders_by_customer", "placed_at, customer, total_cents")

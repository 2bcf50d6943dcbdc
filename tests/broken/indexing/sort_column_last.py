"""The date comes last in the composite index, behind a column that nobody compares, and every answer has to be sorted."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = ("test_an_index_in_the_order_of_the_question_saves_the_sort",)


class Orders(Orders):
    by_customer = Index("orders_by_customer", "customer, total_cents, placed_at")

"""The index lacks one of the columns that are asked for, and the table is read for it."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = ("test_a_covering_index_answers_without_the_table",)


class Orders(Orders):
    by_customer = Index("orders_by_customer", "customer, placed_at")

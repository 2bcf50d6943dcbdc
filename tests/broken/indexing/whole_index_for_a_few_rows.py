"""The index for the few open orders holds all the others, too."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = ("test_a_partial_index_holds_only_the_rows_that_are_asked_for",)


class Orders(Orders):
    open_by_age = Index("orders_open_by_age", "status, placed_at")

"""The index on the reference is not unique: the same reference gets in twice."""

from implementation import *
from implementation import Index, Orders

CAUGHT_BY = ("test_a_reference_that_is_taken_is_refused_and_the_table_stays_whole",)


class Orders(Orders):
    by_reference = Index("orders_by_reference", "reference")

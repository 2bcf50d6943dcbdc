"""Orders placed together are kept one by one, so that a refusal leaves those before it in the table."""

from implementation import *
from implementation import Orders, ReferenceTaken

CAUGHT_BY = ("test_a_reference_that_is_taken_is_refused_and_the_table_stays_whole",)


class Orders(Orders):
    def place(self, *orders):
        for order in orders:
            super().place(order)

"""Answers None for what cannot be had now, as if the user had no biography."""

from implementation import *
from implementation import Answer, UsersApart

CAUGHT_BY = ("test_while_the_cold_store_is_down_hot_columns_are_served_and_the_rest_is_named",)


class UsersApart(UsersApart):
    def read(self, user, *columns):
        values = super().read(user, *columns).values
        return Answer({name: values.get(name) for name in columns})

"""Removes the hot part of a user and notes nothing, so that the cold one stays for ever."""

from implementation import *
from implementation import UsersApart

CAUGHT_BY = (
    "test_in_two_databases_an_outbox_brings_the_cold_part_after_the_hot",
    "test_while_the_cold_store_is_down_hot_columns_are_served_and_the_rest_is_named",
)


class UsersApart(UsersApart):
    def remove(self, user):
        self.near.remove(user)

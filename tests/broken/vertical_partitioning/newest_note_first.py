"""Brings over the newest note first, before which the older ones of the same user are then taken for old news."""

import json

from implementation import *
from implementation import UsersApart

CAUGHT_BY = ("test_while_the_cold_store_is_down_hot_columns_are_served_and_the_rest_is_named",)


class UsersApart(UsersApart):
    def deliver(self):
        waiting = "SELECT number, id, change FROM user_outbox ORDER BY number DESC"
        while notes := self.hot.rows(waiting):
            for number, user, change in notes:
                self._apply(number, user, json.loads(change))
                self.hot.rows("DELETE FROM user_outbox WHERE number = ?", number)

"""Removes a note from the outbox before it is delivered, so that a crash in between loses the change."""

from implementation import *
import json

from implementation import UsersApart

CAUGHT_BY = ("test_in_two_databases_an_outbox_brings_the_cold_part_after_the_hot",)


class UsersApart(UsersApart):
    def deliver(self):
        waiting = "SELECT number, id, change FROM user_outbox ORDER BY number LIMIT 1"
        while notes := self.hot.rows(waiting):
            for number, user, change in notes:
                self.hot.rows("DELETE FROM user_outbox WHERE number = ?", number)
                self._apply(number, user, json.loads(change))

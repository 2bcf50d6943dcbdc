"""Writes each part in a transaction of its own, so that a crash in between leaves half a user."""

from implementation import *
from implementation import Users

CAUGHT_BY = (
    "test_insert_and_delete_keep_the_parts_in_step",
    "test_killed_behind_any_statement_a_user_is_in_all_parts_or_in_none",
)


class Users(Users):
    def add(self, user, **values):
        self._halves("add", user, values)

    def update(self, user, **values):
        self._halves("update", user, values)

    def _halves(self, method, user, values):
        for part in self.parts:
            half = {name: value for name, value in values.items() if name in part.columns}
            getattr(super(Users, type(self)(self.database, [part])), method)(user, **half)

"""Applies every note that it has read, also one that a later change has overtaken: a removed user comes back."""

from implementation import *
from implementation import UsersApart

CAUGHT_BY = ("test_a_late_delivery_does_not_bring_a_removed_user_back",)


class UsersApart(UsersApart):
    def _apply(self, number, user, change):
        with self.cold.transaction():
            if change is None:
                self.cold.rows("DELETE FROM user_profiles WHERE id = ?", user)
            else:
                self._put(user, change)

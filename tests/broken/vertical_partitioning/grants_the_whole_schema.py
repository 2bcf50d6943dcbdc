"""Grants a role all tables instead of those that it needs."""

from implementation import *
from implementation import Users

CAUGHT_BY = ("test_sensitive_columns_are_behind_their_own_grant",)


class Users(Users):
    def grant_reading(self, role, *parts):
        super().grant_reading(role, *self.parts)

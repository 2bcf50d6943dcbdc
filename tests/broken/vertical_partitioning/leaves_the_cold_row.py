"""Deletes the hot row and leaves the others to a foreign key, which does not reach into another file."""

from implementation import *
from implementation import NoSuchUser, Users

CAUGHT_BY = (
    "test_insert_and_delete_keep_the_parts_in_step",
    "test_killed_behind_any_statement_a_user_is_in_all_parts_or_in_none",
)


class Users(Users):
    def remove(self, user):
        if not self.database.rows(f"DELETE FROM {self.parts[0].table} WHERE id = ? RETURNING id", user):
            raise NoSuchUser(user)

"""Changes a column by reading the user and writing every part anew, and so logs the biography with each log-in."""

from implementation import *
from implementation import Users

CAUGHT_BY = ("test_a_hot_update_does_not_log_the_cold_columns",)


class Users(Users):
    def update(self, user, **values):
        with self.database.transaction():
            super().update(user, **{**self.read_whole(user).values, **values})

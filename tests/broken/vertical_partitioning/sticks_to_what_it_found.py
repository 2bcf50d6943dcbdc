"""Asks the signpost once and believes it for ever, so that clients go on writing to the table that was split."""

from implementation import *
from contextlib import contextmanager

from implementation import MovingUsers

CAUGHT_BY = ("test_a_live_table_is_split_though_the_migration_is_killed_again_and_again",)


class MovingUsers(MovingUsers):
    place = None

    @contextmanager
    def _users(self):
        with super()._users() as users:
            MovingUsers.place = MovingUsers.place or users
            yield MovingUsers.place

"""Commits the hot part before the note for the cold one, so that a crash in between loses the cold half."""

from implementation import *
from implementation import UsersApart

CAUGHT_BY = ("test_in_two_databases_an_outbox_brings_the_cold_part_after_the_hot",)


class UsersApart(UsersApart):
    def add(self, user, **values):
        near, far = self._divide(values)
        self.near.add(user, **near)
        self._note(user, far)
        self._deliver_if_possible()

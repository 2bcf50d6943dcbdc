"""Changes the columns of one part and forgets those of the others."""

from implementation import *
from implementation import Users

CAUGHT_BY = ("test_whoever_asks_for_the_whole_user_gets_it_rejoined",)


class Users(Users):
    def update(self, user, **values):
        first, *_ = self._parts_of(values) or self.parts
        super().update(user, **{name: value for name, value in values.items() if name in first.columns})

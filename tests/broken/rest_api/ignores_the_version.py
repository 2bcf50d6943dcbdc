"""Asks for If-Match, and writes whatever it says: the last one wins, and the step of the other is lost."""

import implementation
from implementation import *

CAUGHT_BY = ("test_no_update_is_lost", "test_of_all_who_change_one_version_exactly_one_wins")


def mine(self, caller, identity, expected):
    return real(self, caller, identity, None)


real = implementation.bookmarks.Bookmarks._mine
implementation.bookmarks.Bookmarks._mine = mine

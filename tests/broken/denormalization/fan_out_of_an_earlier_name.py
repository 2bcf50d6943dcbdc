"""Goes on writing the name that its own rename gave, so that of two renames at once the earlier ends on some of the pages."""

import implementation
from implementation import *

CAUGHT_BY = ("test_of_two_renames_at_once_the_later_name_is_everywhere",)


def follow(self, change):
    self.meant = change.text
    real(self, change)


real, now = implementation.FanOut.follow, implementation.FanOut.held_name
implementation.FanOut.follow = follow
implementation.FanOut.held_name = lambda self, author, *, exclusively=False: (
    self.meant if exclusively else now(self, author)
)

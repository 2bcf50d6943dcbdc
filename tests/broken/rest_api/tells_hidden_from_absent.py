"""Says 403 for what is another's and 404 for what is not there, so that a guesser learns which addresses are taken."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_is_hidden_looks_like_what_is_not_there",)


def find(self, caller, identity):
    found = real(self, caller._replace(role="admin"), identity)
    if caller.reach("read") not in {None, found.owner}:
        raise implementation.bookmarks.forbidden()
    return found


real = implementation.bookmarks.Bookmarks.find
implementation.bookmarks.Bookmarks.find = find

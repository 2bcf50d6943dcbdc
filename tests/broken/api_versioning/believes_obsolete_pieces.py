"""Shows the pieces that it was once told, although the name has been changed through the older version since."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_older_client_erases_nothing_that_it_does_not_know",)


def show(self, row):
    if row["given_name"] is None:
        return real(self, row)
    return dict(row)


real = implementation.users.SplitName.show
implementation.users.SplitName.show = show

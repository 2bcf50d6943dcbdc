"""Uses one set of loaders for all requests, so that what was read for one reader is shown to the next."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_one_reader_has_noted_no_other_is_shown",)

shared = {}


def loaders(database, viewer, most):
    return shared.setdefault(most, real(database, viewer, most))


real = implementation.app.Loaders
implementation.app.Loaders = loaders

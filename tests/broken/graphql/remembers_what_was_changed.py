"""Shows what a request has loaded before, although the same request has changed it since."""

import implementation
from implementation import *

CAUGHT_BY = ("test_mutations_are_made_one_after_the_other",)

implementation.loader.Loader.forget = lambda self, key: None

"""Takes an answer whole before it passes on the first byte."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_is_large_passes_through_little_memory",)

really_iterate = implementation.Body.__iter__
implementation.Body.__iter__ = lambda self: iter([b"".join(really_iterate(self))])

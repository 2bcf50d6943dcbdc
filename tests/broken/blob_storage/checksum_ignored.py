"""Passes on whatever the store has, so that a byte that was altered there is taken for the file."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_altered_byte_is_noticed",)

implementation.files.verified = lambda chunks, expected: iter(chunks)

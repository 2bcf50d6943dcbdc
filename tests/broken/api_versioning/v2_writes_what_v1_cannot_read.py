"""Writes the name in pieces alone, and leaves the whole one, which version 1 reads, empty."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_one_version_writes_the_other_reads_and_gives_back",)

implementation.users.SplitName.write = lambda self, body: {**body, "name": ""}

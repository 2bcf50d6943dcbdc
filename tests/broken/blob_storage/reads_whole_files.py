"""Reads a file as a whole before it passes it on, so that one large file takes all the memory there is."""

import implementation
from implementation import *

CAUGHT_BY = ("test_files_of_any_size_pass_in_the_same_memory",)

implementation.streams.in_parts = lambda chunks, part_bytes=0: iter([bytearray(b"".join(chunks))])

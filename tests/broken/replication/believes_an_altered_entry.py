"""Does not compare checksums: a bit that flips on the way becomes part of the replica's data."""

import json

import implementation
from implementation import *

CAUGHT_BY = ("test_an_entry_altered_on_its_way_is_detected_and_fetched_again",)


def decode(line):
    return implementation.Entry(*json.loads(line.partition(b" ")[2]))


implementation.Entry.decode = staticmethod(decode)

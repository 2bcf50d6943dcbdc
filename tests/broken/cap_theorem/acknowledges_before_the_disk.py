"""Leaves what it has acknowledged in a buffer of its process: who is killed then has never heard of it."""

import json

import implementation
from implementation import *

CAUGHT_BY = ("test_no_term_has_two_leaders_and_no_death_loses_an_acknowledged_write",)


def write(self, *facts):
    for fact in facts:
        self._file.write(json.dumps(fact).encode() + b"\n")


implementation.Journal.write = write

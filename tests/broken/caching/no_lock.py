"""Lets everybody load who finds nothing, so that a popular entry that is gone brings all its readers to the database."""

from implementation import *

CAUGHT_BY = (
    "test_of_all_who_miss_at_once_one_loads",
    "test_a_hundred_misses_over_two_processes_ask_the_database_once",
)

Store.claim = lambda self, name, lease, milliseconds: True
Store.fill = lambda self, name, lease, entry, milliseconds: self._ask("SET", name, entry, "PX", milliseconds) == b"OK"

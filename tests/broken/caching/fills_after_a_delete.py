"""Fills whatever was loaded, though the entry was deleted meanwhile, so that what was true before a write is served after it."""

from implementation import *

CAUGHT_BY = (
    "test_who_asks_after_a_write_never_gets_what_was_read_before_it",
    "test_a_holder_that_is_too_slow_takes_nothing_from_its_successor",
)

Store.fill = lambda self, name, lease, entry, milliseconds: self._ask("SET", name, entry, "PX", milliseconds) == b"OK"

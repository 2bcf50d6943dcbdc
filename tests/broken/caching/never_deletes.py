"""Leaves the entry where it is after a write, so that readers get the old value until its lifetime ends."""

from implementation import *

CAUGHT_BY = (
    "test_after_writes_that_fail_or_cross_the_cache_holds_the_last_truth",
    "test_an_answer_says_what_the_cache_did",
    "test_who_asks_after_a_write_never_gets_what_was_read_before_it",
)

Cache.delete = lambda self, key: None

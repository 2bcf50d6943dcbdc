"""Deletes the entry only if the write told of its success, so that a commit whose answer was lost is hidden."""

from implementation import *

CAUGHT_BY = ("test_after_writes_that_fail_or_cross_the_cache_holds_the_last_truth",)


def change(self, key, write):
    written = write()
    self.delete(key)
    return written


Cache.change = change

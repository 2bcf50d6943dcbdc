"""Leaves silent shards out of the answer to a question and does not say so: a total is too small and looks like one."""

from dataclasses import replace

from implementation import *

CAUGHT_BY = ("test_silent_shards_fail_their_users_alone_and_an_answer_without_them_says_so",)

really_gather = Shards._gather
Shards._gather = lambda self, parts: replace(really_gather(self, parts), down=(), missing=frozenset())

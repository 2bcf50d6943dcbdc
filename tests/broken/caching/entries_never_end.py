"""Keeps entries without an end, so that a write whose process died before its delete is hidden for ever."""

from implementation import *

CAUGHT_BY = ("test_every_entry_ends_and_that_there_is_nothing_sooner",)

FILL = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end redis.call('SET', KEYS[1], ARGV[2]) return 1"
Store.fill = lambda self, name, lease, entry, milliseconds: bool(self._ask("EVAL", FILL, 1, name, lease, entry))

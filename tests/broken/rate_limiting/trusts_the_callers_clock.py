"""Takes the time from the process that asks, so that a machine whose clock is ahead gets tokens early."""

import time

import implementation
from implementation import *

CAUGHT_BY = ("test_a_process_whose_clock_is_ahead_gets_no_tokens_early",)

SCRIPT = """
local now, horizon = tonumber(ARGV[3]), tonumber(ARGV[2])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local credit = math.floor(horizon + 1 - (full_at + ARGV[1] - now))
if credit >= 0 then redis.call('SET', KEYS[1], full_at + ARGV[1]) end
return credit
"""


class SharedTokenBucket(implementation.SharedTokenBucket):
    def _spend(self, key, debt):
        return self._store.eval(SCRIPT, 1, self._prefix + key, debt, self._horizon, time.time() * 1e6)

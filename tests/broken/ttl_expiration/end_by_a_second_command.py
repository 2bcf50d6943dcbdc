"""Sets the value first and its end with a second command, which can be lost."""

import math

import implementation
from implementation import *

CAUGHT_BY = ("test_value_and_end_are_set_in_one_command",)


class RedisStore(implementation.RedisStore):
    def put(self, key, value, seconds, *, keep=False):
        self._client.set(key, value, keepttl=keep)
        if seconds is not None:
            self._client.pexpire(key, math.ceil(1_000 * check_lifetime(seconds)))

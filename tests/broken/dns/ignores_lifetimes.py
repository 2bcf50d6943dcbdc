"""Remembers every answer for a week, whatever lifetime it came with."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_change_is_not_seen_before_the_old_answer_has_ended",)

really_put = implementation.Cache.put
implementation.Cache.put = lambda self, key, value, seconds: really_put(self, key, value, 7 * 86_400)

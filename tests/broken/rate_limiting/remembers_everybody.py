"""Keeps a bucket for every caller that ever came, so that memory grows with the world."""

import implementation
from implementation import *

CAUGHT_BY = ("test_callers_that_stay_away_are_forgotten",)


class TokenBucket(implementation.TokenBucket):
    def _make_room(self, now):
        pass

"""Goes by HTTPS for ever, though the host has asked for it for a time."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_was_told_so_by_https_never_asks_in_the_clear_again",)

really_cover = implementation.Hsts.covers


def covers(self, host):
    now, self._clock = self._clock, lambda: 0.5
    try:
        return really_cover(self, host)
    finally:
        self._clock = now


implementation.Hsts.covers = covers

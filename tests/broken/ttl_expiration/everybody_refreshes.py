"""Lets every reader of a stale value start a refresh of its own."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_stale_value_is_served_at_once_while_one_refresh_runs",)


class Cache(implementation.Cache):
    def _refresh(self, key, lifetime):
        self._refreshing.clear()
        super()._refresh(key, lifetime)

"""Keeps what it has asked for before a purge: the old page is back as soon as it is gone."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_was_asked_for_before_a_purge_is_not_stored_behind_it",)

really_put = implementation.Store.put
implementation.Store.put = lambda self, stored, purges: really_put(self, stored, self.purges)

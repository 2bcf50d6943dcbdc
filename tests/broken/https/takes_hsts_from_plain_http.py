"""Believes a policy that came in the clear, from whoever is in the middle."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_thief_in_the_clear_gets_the_first_visit_and_no_other",)

really_note = implementation.Hsts.note
implementation.Hsts.note = lambda self, host, fields, sealed: really_note(self, host, fields, sealed=True)

"""Asks for the whole page when it has ended, instead of whether it has changed."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_has_not_changed_is_not_sent_again",)

really_outgoing = implementation.Edge._outgoing
implementation.Edge._outgoing = lambda self, request, stored: really_outgoing(self, request, None)

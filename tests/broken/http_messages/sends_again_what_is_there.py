"""Sends the whole note again to whoever has it already."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_a_client_has_is_not_sent_again",)

implementation.conditions.matches_weakly = lambda field, tag: False

"""Throws away what it could resume from."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_was_there_before_need_not_shake_hands_in_full",)

implementation.Sessions.keep = lambda self, place, session, until: None

"""Puts the parts of a key together as they are, so that two questions can share one answer."""

from implementation import *

CAUGHT_BY = ("test_different_questions_never_share_an_answer",)

Cache.key = staticmethod(lambda *parts: ":".join(map(str, parts)))

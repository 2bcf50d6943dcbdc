"""Checks a token's signature for every request."""

from implementation import *
from sysdesign.distributed.api_gateway import callers

CAUGHT_BY = ("test_a_token_that_is_known_ends_when_it_says",)

callers.KNOWN_TOKENS = 0
callers.Register.by_token = lambda self, token: self._verified(token)

"""Knows a token for ever once it has been verified."""

from implementation import *
from sysdesign.distributed.api_gateway import callers

CAUGHT_BY = ("test_a_token_that_is_known_ends_when_it_says",)

really_caller = callers._caller
callers._caller = lambda name, scopes, expires=float("inf"): really_caller(name, scopes)

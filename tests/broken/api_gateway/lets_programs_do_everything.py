"""Lets a program that comes with a key do everything."""

from implementation import *
from sysdesign.distributed.api_gateway import callers

CAUGHT_BY = ("test_a_program_comes_with_a_key_instead_of_a_token",)

really_by_key = callers.Register.by_key
callers.Register.by_key = lambda self, key: really_by_key(self, key)._replace(scopes=frozenset({"users", "admin"}))

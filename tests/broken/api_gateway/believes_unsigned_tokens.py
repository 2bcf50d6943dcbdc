"""Reads what a token says without checking who signed it."""

import jwt

from implementation import *

CAUGHT_BY = ("test_nothing_reaches_a_service_that_does_not_say_who_it_is",)

really_decode = jwt.decode


def decode(token, key, options, **told):
    return really_decode(token, key, options={**options, "verify_signature": False}, **told)


jwt.decode = decode

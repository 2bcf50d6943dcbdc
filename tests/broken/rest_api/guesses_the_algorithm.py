"""Lets the token say by which algorithm it is signed, and believes it when it says by none."""

import implementation
from implementation import *

CAUGHT_BY = ("test_only_a_token_that_was_signed_for_us_and_lately_is_believed",)


def decode(token, key, algorithms, options, audience):
    algorithm = jwt.get_unverified_header(token)["alg"]
    if algorithm == "none":
        options = {**options, "verify_signature": False}
    return real(token, key, [algorithm], options, audience=audience)


jwt = implementation.tokens.jwt
real = jwt.decode
implementation.tokens.jwt = type("jwt", (), {**vars(jwt), "decode": staticmethod(decode)})

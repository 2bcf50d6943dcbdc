"""Keeps keys without the caller they belong to, so that one caller is told of another's payment, and makes none."""

import implementation
from implementation import *

CAUGHT_BY = ("test_callers_do_not_share_their_keys",)

implementation.api.Claim = lambda caller, key, fingerprint: Claim("everybody", key, fingerprint)

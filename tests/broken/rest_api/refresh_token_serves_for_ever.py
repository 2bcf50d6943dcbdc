"""Gives the same refresh token back at each use, so that a stolen one is as good as the owner's, and nobody notices."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_refresh_token_serves_once",)


def refresh(self, refresh_token):
    session, _, secret = refresh_token.partition(".")
    return self._grant(session, secret)


implementation.accounts.Accounts.refresh = refresh

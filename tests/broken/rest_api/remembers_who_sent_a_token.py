"""Remembers who a token belongs to instead of looking, so that a session that was ended and a role that was lost go on."""

import functools

import implementation
from implementation import *

CAUGHT_BY = ("test_a_revoked_session_and_a_lost_role_end_at_once",)

implementation.accounts.Accounts.caller = functools.cache(implementation.accounts.Accounts.caller)

"""Keeps passwords as they are, so that whoever reads the table once can sign in as everybody."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_password_is_kept_as_a_slow_salted_hash",)

implementation.accounts.Passwords.hash = lambda self, password: password
implementation.accounts.Passwords.match = lambda self, kept, password: kept == password

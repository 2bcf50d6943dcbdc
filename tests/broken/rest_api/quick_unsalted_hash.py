"""Hashes passwords quickly and all in one way: equal passwords look equal, and a graphics card tries billions in a second."""

import hashlib

import implementation
from implementation import *

CAUGHT_BY = ("test_a_password_is_kept_as_a_slow_salted_hash",)


def quick(self, password):
    return hashlib.sha256(password.encode()).hexdigest()


implementation.accounts.Passwords.hash = quick
implementation.accounts.Passwords.match = lambda self, kept, password: kept == quick(self, password)

"""Compares signatures with ==, which takes the longer the more of a guess is right, and so tells how to guess on."""

import implementation
from implementation import *

CAUGHT_BY = ("test_signatures_are_compared_in_full_and_in_constant_time",)


def _is_signed(self, given, message_id, timestamp, body):
    return any(implementation.signatures.signature(key, message_id, timestamp, body) in given for key in self._keys)


implementation.Verifier._is_signed = _is_signed

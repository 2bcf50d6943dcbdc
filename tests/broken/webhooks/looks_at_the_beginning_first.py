"""Leaves out the careful comparison where the first bytes are wrong already, so that a guess is told by its time."""

import implementation
from implementation import *

CAUGHT_BY = ("test_signatures_are_compared_in_full_and_in_constant_time",)


def _is_signed(self, given, message_id, timestamp, body):
    begins = {implementation.signatures.signature(key, message_id, timestamp, body)[:8] for key in self._keys}
    return real(self, [one for one in given if one[:8] in begins], message_id, timestamp, body)


real = implementation.Verifier._is_signed
implementation.Verifier._is_signed = _is_signed

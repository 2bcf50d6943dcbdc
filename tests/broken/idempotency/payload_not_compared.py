"""Does not compare payloads, so that another payment under a used key is answered as if it had been made."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_key_cannot_be_used_for_another_payment",)

implementation.api.fingerprint = lambda method, path, payload: "any"

"""Signs with an old secret for ever, so that one which was stolen stays as good as the new one."""

import json

import implementation
from implementation import *

CAUGHT_BY = ("test_a_rotated_secret_signs_beside_the_new_one_for_a_while",)

implementation.outbox.valid_secrets = lambda kept, now: tuple(secret for secret, _ in json.loads(kept))

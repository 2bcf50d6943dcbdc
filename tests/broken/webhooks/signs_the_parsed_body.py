"""Signs and verifies JSON that was parsed and written again, so that nobody who writes it otherwise understands the signature."""

import json

import implementation
from implementation import *

CAUGHT_BY = ("test_what_one_side_signs_the_other_believes",)


def signature(key, message_id, timestamp, body):
    try:
        body = json.dumps(json.loads(body)).encode()
    except ValueError:
        pass
    return real(key, message_id, timestamp, body)


real = implementation.signatures.signature
implementation.signatures.signature = signature

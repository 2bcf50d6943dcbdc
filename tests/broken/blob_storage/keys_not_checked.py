"""Takes every text for a key."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_key_that_could_mean_something_else_is_refused",)


def check_key(key):
    try:
        key.encode()
    except UnicodeEncodeError:
        raise BadKeyError from None
    return key


implementation.files.check_key = implementation.bucket.check_key = check_key

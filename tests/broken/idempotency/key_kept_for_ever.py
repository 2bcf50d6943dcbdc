"""Never lets a key expire, so that its table grows without end and an old key swallows a new request."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_key_is_kept_for_its_time_and_then_names_a_new_request",)

real = implementation.create_app


def create_app(url, tokens, **options):
    return real(url, tokens, **{**options, "keep_seconds": 1e9})

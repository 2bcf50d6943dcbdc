"""Lets browsers show every file in place, so that a page that somebody has uploaded runs in our name."""

import implementation
from implementation import *

CAUGHT_BY = ("test_what_somebody_has_uploaded_does_not_run_in_our_name",)


def disposition(key, content_type):
    return "inline"


implementation.api.disposition = implementation.bucket.disposition = disposition

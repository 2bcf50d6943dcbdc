"""Believes every certificate that somebody trusted has signed, whichever host it is for."""

import implementation
from implementation import *

CAUGHT_BY = ("test_whoever_cannot_be_trusted_is_refused_for_a_reason_of_its_own",)


def client_context(*how):
    context = implementation.client_context(*how)
    context.check_hostname = False
    return context

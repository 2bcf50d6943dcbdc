"""Lets the range that promises most decide, not the most specific: `*/*, application/json;q=0` gets JSON, of all formats."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_client_gets_the_format_that_it_likes_best",)

real = implementation.negotiation.specificity
implementation.negotiation.specificity = lambda wanted, offered: min(1, real(wanted, offered))

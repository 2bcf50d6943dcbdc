"""Answers 200 to whatever comes, so that no proxy, log or client sees that a query was none."""

import implementation
from implementation import *

CAUGHT_BY = ("test_it_keeps_to_what_graphs_over_http_must",)

real = implementation.api.written
implementation.api.written = lambda media, status, *others: real(media, 200, *others)

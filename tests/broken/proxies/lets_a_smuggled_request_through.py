"""Reads requests as generously as the server beneath it, so that another request can hide in one."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_ambiguous_request_is_refused_and_nothing_behind_it_is_read",)

implementation.Parser.parse_header.__globals__["ambiguity"] = lambda head: ""

"""Counts the calls of those who name a version, and not of those who are given the first: it seems unused when it ends."""

import implementation
from implementation import *

CAUGHT_BY = ("test_the_calls_left_are_counted",)


def choose(self, in_path, path, headers):
    named = in_path or headers.get("api-version") or "vnd" in headers.get("accept", "")
    return real(self, in_path, path, headers if named else {**headers, "user-agent": "nobody"})


real = implementation.service.Service.choose
implementation.service.Service.choose = choose

"""Refuses with the words of a problem and the status of a success, so that no client, cache or proxy notices."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_refusal_says_why_and_changes_nothing",)

from dataclasses import replace

told = implementation.description.refusal
implementation.description.refusal = lambda problem: replace(told(problem), status=200)

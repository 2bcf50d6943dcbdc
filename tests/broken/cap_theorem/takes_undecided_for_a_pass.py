"""Lets a history pass of which nobody knows whether it has an order: the search was given up."""

import implementation
from implementation import *

CAUGHT_BY = ("test_an_undecided_check_is_no_pass",)

implementation.Judgement.passed = property(lambda self: self.verdict is not Verdict.VIOLATED)

"""Keeps private answers as long as they would be fresh, and gives one client's to the next."""

from implementation import *
from sysdesign.distributed.cdn import rules

CAUGHT_BY = ("test_what_is_for_one_client_is_given_to_no_other",)

really_told = rules.directives


def directives(fields):
    told = really_told(fields)
    told.pop("private", None)
    return told


rules.directives = directives

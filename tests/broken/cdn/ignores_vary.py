"""Ignores Vary: the first client's language becomes everybody's."""

from implementation import *
from sysdesign.distributed.cdn import store

CAUGHT_BY = ("test_variants_are_kept_apart_by_what_the_origin_names_and_by_nothing_else",)

store.selecting = lambda names, fields: ()

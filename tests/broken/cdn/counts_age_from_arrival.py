"""Counts a response's age from when it came: behind another cache, it is fresh for twice as long as it may be."""

from implementation import *
from sysdesign.distributed.cdn import store

CAUGHT_BY = ("test_an_answer_tells_its_age_from_its_origin_on",)

store.initial_age = lambda response: 0.0

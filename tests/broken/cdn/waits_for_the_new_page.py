"""Lets clients wait for a page that is fetched anew, though they may have the old one meanwhile."""

from implementation import *
from sysdesign.distributed.cdn import edge

CAUGHT_BY = ("test_a_page_that_has_ended_is_served_while_it_is_fetched_anew",)

edge.stale_while_revalidate = lambda told: 0

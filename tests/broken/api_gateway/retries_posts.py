"""Sends whatever fails again, so that a payment whose answer was lost is made twice."""

from implementation import *
from sysdesign.storage.load_balancing import layer7

CAUGHT_BY = ("test_a_dead_server_costs_no_get_and_no_post_is_sent_twice",)

layer7.IDEMPOTENT |= {b"POST"}

"""Passes on X-Forwarded-Host as it came: what one client sends there is built into the page that all get."""

from implementation import *
from sysdesign.distributed.cdn import edge

CAUGHT_BY = ("test_nobody_can_put_his_own_host_into_a_page_for_others",)

edge.UNKEYED = ()

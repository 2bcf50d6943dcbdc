"""Takes a truncated answer for the whole one."""

from implementation import *
from sysdesign.networking.dns import network

CAUGHT_BY = ("test_an_answer_that_does_not_fit_a_datagram_is_asked_for_over_a_connection",)

network.over_tcp = network.over_udp

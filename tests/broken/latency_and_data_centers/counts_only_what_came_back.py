"""Takes the answers for all that was sent, so that nothing is ever lost."""

from dataclasses import replace

import implementation
from implementation import *
from sysdesign.networking.latency_and_data_centers import icmp, system_tools

CAUGHT_BY = ("test_loss_and_delay_are_told_by_what_packets_met",)


def sampled(target, method, round_trips, sent):
    return implementation.Sample(target, method, round_trips, len(round_trips))


icmp.Sample = system_tools.Sample = sampled

"""Tells of round trips by their mean, which fits no packet once a few are late."""

from statistics import mean

from implementation import *
from sysdesign.networking.latency_and_data_centers.samples import Sample

CAUGHT_BY = ("test_loss_and_delay_are_told_by_what_packets_met",)

Sample.typical = property(lambda sample: mean(sample.round_trips))
Sample.tail = property(lambda sample: mean(sample.round_trips))

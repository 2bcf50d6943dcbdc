"""Tells the balancer of an instance as soon as it listens: its first customers are turned away."""

import socket

from implementation import *
from sysdesign.storage.scaling import fleet

CAUGHT_BY = ("test_four_times_the_size_serves_more_than_three_times_as_much",)


def listens(instance):
    try:
        socket.create_connection((instance.host, instance.port)).close()
    except OSError:
        return False
    return True


fleet.is_ready = listens

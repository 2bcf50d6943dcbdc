"""Customers of the service, for Locust: `locust -f locustfile.py Customer --host http://…`."""

from __future__ import annotations

import os
import time
from itertools import count

from locust import FastHttpUser, constant, constant_throughput, task

GOLDEN = 0.618_034  # spreads any number of starts evenly
numbers = count()


class Customer(FastHttpUser):
    """A closed loop: asks, and asks again as soon as there is an answer. So many customers, so many requests in flight."""

    wait_time = constant(0)
    path = os.environ.get("ASK", "/work")

    @task
    def ask(self) -> None:
        """Send one request."""
        self.client.post(self.path)


class Crowd(FastHttpUser):
    """An open loop: people come at their own rate, however the last ones fared, and leave when their patience ends.

    Each user stands for PER_SECOND arrivals, at one of the addresses in ASK (`name=http://host:port/path,…`), in turn.
    """

    host = ""  # each has an address
    per_second = float(os.environ.get("PER_SECOND", "1"))
    wait_time = constant_throughput(per_second)
    network_timeout = connection_timeout = float(os.environ.get("PATIENCE_SECONDS", "1"))
    addresses = [one.partition("=") for one in os.environ.get("ASK", "").split(",")]  # noqa: RUF012

    def on_start(self) -> None:
        """Begin somewhere within the interval between two arrivals, each at another place."""
        number = next(numbers)
        self.name, _, self.address = self.addresses[number % len(self.addresses)]
        time.sleep(number // len(self.addresses) * GOLDEN % 1 / self.per_second)

    @task
    def ask(self) -> None:
        """Send one request."""
        self.client.post(self.address, name=self.name)

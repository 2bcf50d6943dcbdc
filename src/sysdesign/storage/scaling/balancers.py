"""How balancers are told, while requests arrive, of an instance that comes and of one that goes."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

Address: TypeAlias = tuple[str, int]

INTERVAL_SECONDS = 0.005
PLACES = 16


class Balancer(Protocol):
    """Spreads requests over instances, and can be told of changes."""

    def admit(self, address: Address) -> None:
        """Send requests to this instance, too, from now on."""

    def drain(self, address: Address) -> None:
        """Send none there any more, and return when the last one that was is answered."""


class OurBalancer:
    """The balancer of concept 13 (`python -m sysdesign.storage.load_balancing`), which takes orders of one line and answers in JSON.

    Args:
        administer: Sends a line to the administration socket and returns the answer.
    """

    def __init__(self, administer: Callable[[str], str]) -> None:
        self._administer = administer

    def admit(self, address: Address) -> None:
        """See `Balancer`."""
        self._order("add", address)

    def drain(self, address: Address) -> None:
        """See `Balancer`."""
        self._order("drain", address)
        while self._order("show", address)["in_flight"]:  # nobody tells when the last answer is out
            time.sleep(INTERVAL_SECONDS)
        self._order("remove", address)

    def _order(self, verb: str, address: Address) -> dict[str, Any]:
        name = f"{address[0]}:{address[1]}"
        states: dict[str, dict[str, Any]] = json.loads(self._administer(f"{verb} {name}"))
        return states.get(name, {})


class HaproxyBalancer:
    """HAProxy, whose places for servers are filled and emptied through its administration socket: nothing is read anew.

    Args:
        administer: Gives a command to the socket and returns the answer.
    """

    CONFIGURATION = f"""
        defaults
            mode http
            timeout connect 1s
            timeout client 30s
            timeout server 30s
            retries 2
            option redispatch 1
        frontend service
            bind {{listen}}
            default_backend instances
        backend instances
            balance leastconn
            option httpchk GET /health
            server-template at 1-{PLACES} 127.0.0.1:1 check inter 200ms fall 1 rise 1 disabled
"""
    """A request that no connection was found for goes to another server; one that was sent is never sent again."""

    def __init__(self, administer: Callable[[str], str]) -> None:
        self._administer = administer
        self._free = [f"at{number}" for number in range(PLACES, 0, -1)]
        self._taken: dict[Address, str] = {}

    def admit(self, address: Address) -> None:
        """See `Balancer`."""
        self._taken[address] = place = self._free.pop()
        self._administer(f"set server instances/{place} addr {address[0]} port {address[1]}")
        self._administer(f"set server instances/{place} state ready")

    def drain(self, address: Address) -> None:
        """See `Balancer`."""
        place = self._taken.pop(address)
        self._administer(f"set server instances/{place} state drain")
        while self._under_way(place):
            time.sleep(INTERVAL_SECONDS)
        self._administer(f"set server instances/{place} state maint")
        self._free.append(place)

    def _under_way(self, place: str) -> int:
        table = csv.DictReader(self._administer("show stat").removeprefix("# ").splitlines())
        return next(int(row["scur"]) for row in table if (row["pxname"], row["svname"]) == ("instances", place))

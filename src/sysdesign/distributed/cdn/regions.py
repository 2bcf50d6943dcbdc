"""Regions: how far it is from place to place, and which edge a client is sent to: the nearest one that is well."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

EARTH_KILOMETRES = 6_371.0
KILOMETRES_PER_MILLISECOND = 200.0
"""Light in glass: two thirds of its speed in the void."""

DETOUR = 1.5
"""Cables are so much longer than the great circle."""

LAST_MILE_MILLISECONDS = 1.0
CHECK_SECONDS = 0.5

Address = tuple[str, int]


@dataclass(frozen=True)
class Place:
    """A place on the Earth, in degrees north and east."""

    name: str
    latitude: float
    longitude: float

    def kilometres_to(self, other: Place) -> float:
        """Return the length of the great circle between two places (haversine formula)."""
        here, there = math.radians(self.latitude), math.radians(other.latitude)
        east = math.radians(other.longitude - self.longitude)
        chord = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(east / 2) ** 2
        return 2 * EARTH_KILOMETRES * math.asin(math.sqrt(chord))

    def milliseconds_to(self, other: Place) -> float:
        """Return how long a message takes, one way."""
        return LAST_MILE_MILLISECONDS + DETOUR * self.kilometres_to(other) / KILOMETRES_PER_MILLISECOND


def accepts(address: Address) -> bool:
    """Tell whether somebody listens at an address."""
    try:
        socket.create_connection(address, CHECK_SECONDS).close()
    except OSError:
        return False
    return True


class Directory:
    """Sends clients to edges, as the DNS of a CDN does.

    Args:
        edges: The edges by their addresses, and where they stand.
        is_well: How an edge is checked.
    """

    def __init__(self, edges: Mapping[Address, Place], is_well: Callable[[Address], bool] = accepts) -> None:
        self._edges, self._is_well = edges, is_well
        self._down: set[Address] = set()

    def check(self) -> None:
        """Look which edges are well: from time to time, and when a client complains."""
        self._down = {address for address in self._edges if not self._is_well(address)}

    def nearest(self, client: Place) -> Address:
        """Return the nearest edge that was well when it was last looked at. Raises LookupError if none was."""
        well = [address for address in self._edges if address not in self._down]
        if not well:
            raise LookupError("no edge is well")
        return min(well, key=lambda address: client.kilometres_to(self._edges[address]))

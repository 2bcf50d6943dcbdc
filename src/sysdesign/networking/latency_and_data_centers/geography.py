"""Where places are, how far apart, and how soon at best an answer can be there and back."""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

EARTH_RADIUS_KM = 6371.0088
"""Mean radius (IUGG)."""

LIGHT_IN_FIBRE_KM_PER_S = 299_792.458 / 1.468
"""Light in vacuum, divided by the refractive index of the glass in single-mode fibre (ITU-T G.652 cable, at 1550 nm)."""


@dataclass(frozen=True)
class Place:
    """A point on the globe, in decimal degrees: north and east are positive.

    Raises:
        ValueError: There is no such point.
    """

    latitude: float
    longitude: float

    def __post_init__(self) -> None:
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):
            raise ValueError(f"{self.latitude}, {self.longitude} is no point on the globe")


def great_circle_km(one: Place, other: Place) -> float:
    """Return the shortest way over the surface of a sphere, by the haversine formula, which is exact for near points too."""
    latitude, other_latitude = radians(one.latitude), radians(other.latitude)
    north, east = other_latitude - latitude, radians(other.longitude - one.longitude)
    half_chord = sin(north / 2) ** 2 + cos(latitude) * cos(other_latitude) * sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half_chord)))


def least_round_trip(one: Place, other: Place) -> float:
    """Return the seconds below which no answer can come through fibre, were it laid in a straight line."""
    return 2 * great_circle_km(one, other) / LIGHT_IN_FIBRE_KM_PER_S

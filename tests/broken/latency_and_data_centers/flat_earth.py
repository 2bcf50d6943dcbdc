"""Takes degrees for kilometres on a flat map, so that light seems to be outrun across the date line."""

from math import hypot

from implementation import *
from sysdesign.networking.latency_and_data_centers import geography

CAUGHT_BY = ("test_no_answer_outruns_light",)


def great_circle_km(one, other):
    return 111.195 * hypot(one.latitude - other.latitude, one.longitude - other.longitude)


geography.great_circle_km = great_circle_km

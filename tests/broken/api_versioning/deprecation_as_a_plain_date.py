"""Tells the deprecation as an HTTP date, as Sunset does, where RFC 9745 wants a structured one: a client that parses it finds none."""

from email.utils import format_datetime

import implementation
from implementation import *

CAUGHT_BY = ("test_a_deprecated_version_tells_its_end_and_its_successor",)

implementation.versions.http_sf.ser = lambda moment: format_datetime(moment, usegmt=True)

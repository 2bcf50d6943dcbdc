"""Announces an end and does not keep to it: clients learn that announcements mean nothing."""

import implementation
from implementation import *

CAUGHT_BY = ("test_after_its_sunset_a_version_is_gone",)

implementation.versions.Version.gone = lambda self, now: False

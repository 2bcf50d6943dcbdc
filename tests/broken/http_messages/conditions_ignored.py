"""Takes every change, whatever its sender has seen: the last one to write wins."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nobody_overwrites_what_he_has_not_seen",)

implementation.site.check_before_change = lambda headers, tag: None

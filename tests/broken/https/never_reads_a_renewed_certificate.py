"""Reads its certificates when it starts, and never again."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_renewed_certificate_is_used_at_once_and_drops_nobody",)

implementation.Wardrobe._newest = lambda self, name: self._worn[name][1]

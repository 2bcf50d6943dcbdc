"""Looks up pages by their path alone: one site is given what another has."""

import implementation
from implementation import *

CAUGHT_BY = ("test_each_host_and_each_query_has_pages_of_its_own",)

implementation.Request.url = property(lambda self: ("", self.target))

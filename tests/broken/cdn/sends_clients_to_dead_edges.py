"""Knows where its edges are, and not which of them are well."""

import implementation
from implementation import *

CAUGHT_BY = ("test_clients_are_sent_to_the_nearest_edge_and_when_it_dies_to_the_next",)

implementation.Directory.check = lambda self: None

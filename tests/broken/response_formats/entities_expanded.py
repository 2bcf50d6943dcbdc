"""Lets a document declare entities and expands them, so that a client reads the server's files and makes it call addresses."""

import implementation
from implementation import *

CAUGHT_BY = ("test_nothing_is_expanded_fetched_or_read_for_a_document",)

implementation.markup.Prolog.feed = lambda self, data: None
implementation.markup.HARDENED |= {"resolve_entities": True, "load_dtd": True}

"""Reads ambiguous requests generously, so that one of them hides another from whoever reads them otherwise."""

import implementation
from implementation import *

CAUGHT_BY = ("test_ambiguous_requests_are_refused_and_nothing_behind_them_is_read",)

really_parse = implementation.RequestReader._parse


def parse(self, data):
    self._parser.set_dangerous_leniencies(
        lenient_chunked_length=True, lenient_transfer_encoding=True, lenient_headers=True
    )
    really_parse(self, data)


implementation.RequestReader._parse = parse

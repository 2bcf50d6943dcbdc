"""Gives who names no version the newest one: on the day of a release, everybody who never thought of versions is broken."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_version_is_named_by_path_by_header_or_by_media_type",)


def begin(self, versions, *arguments):
    real(self, versions, *arguments)
    self._default = versions[-1].number


real = implementation.service.Service.__init__
implementation.service.Service.__init__ = begin

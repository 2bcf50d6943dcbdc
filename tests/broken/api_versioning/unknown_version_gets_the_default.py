"""Gives who asks for a version that does not exist another one, which that client cannot have been made for."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_version_that_does_not_exist_is_refused",)


def named(self, in_path, in_field):
    number = in_path or in_field
    return number if number in self._versions else None


implementation.service.Service._named = named

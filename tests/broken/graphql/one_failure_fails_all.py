"""Gives no data at all when one field has failed, so that a missing note empties the whole screen."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_field_that_fails_leaves_its_siblings_answering",)


async def execute(self, *arguments):
    response = await real(self, *arguments)
    return {**response, "data": None} if "errors" in response else response


real = implementation.execution.Service._execute
implementation.execution.Service._execute = execute

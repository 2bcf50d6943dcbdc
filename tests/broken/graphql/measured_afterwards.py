"""Measures a query when it has been answered, so that the refusal has cost as much as the answer."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_query_that_asks_for_too_much_is_refused_before_any_work",)

too_early = implementation.execution.check
implementation.execution.check = lambda document, variables, limits: None


async def execute(self, operation, viewer):
    response = await real(self, operation, viewer)
    try:
        too_early(operation.document, operation.request.variables, self.limits)
    except implementation.execution.GraphQLError as error:
        raise Refused(error) from error
    return response


real = implementation.execution.Service.execute
implementation.execution.Service.execute = execute

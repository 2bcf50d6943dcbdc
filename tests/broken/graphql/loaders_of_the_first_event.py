"""Keeps one set of loaders for a whole subscription, so that each event comes with what was true at the first."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_has_subscribed_is_told_what_happens_as_it_is_then",)


async def answers(self, operation, stream, viewer):
    context = self.make_context(viewer)
    async for event in stream:
        yield await self._execute(operation, event, context)


implementation.execution.Service._answers = answers

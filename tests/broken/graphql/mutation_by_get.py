"""Executes mutations by GET, so that a link, or an image in a page of strangers, changes something."""

import implementation
from implementation import *

CAUGHT_BY = ("test_a_mutation_by_get_is_refused_and_nothing_is_changed",)


async def answer(self, request):
    viewer = self._readers.name(request.headers.get("Authorization"))
    told = api.in_url(request) if request.method != "POST" else api.in_body(request, await api.body_of(request))
    return await self._service.execute(self._service.prepare(told), viewer)


api = implementation.api
api.Endpoint._answer = answer

"""Gives the answer that the first client got to all who have waited, whether it may be shared or not."""

import implementation
from implementation import *

CAUGHT_BY = ("test_who_waits_for_a_private_page_does_not_get_anothers",)

really_fetch = implementation.Edge._fetch


async def fetch(self, request, stored):
    result = await really_fetch(self, request, stored)
    if isinstance(result, Response) and (body := await self._whole(result)) is not None:
        result = Stored.of(request, result, body)
    return result


implementation.Edge._fetch = fetch
implementation.Edge._may_share = lambda self, stored: True

"""Hands out rows in the order in which the database gives them, so that whoever asks for the second book gets the first."""

import implementation
from implementation import *

CAUGHT_BY = ("test_each_gets_its_own_in_whatever_order_rows_come_back",)

from itertools import zip_longest


async def keep(self, promises):
    found = await self._fetch(list(promises))
    for promise, value in zip_longest(promises.values(), found.values()):
        promise.set_result(value)


implementation.loader.Loader._keep = keep

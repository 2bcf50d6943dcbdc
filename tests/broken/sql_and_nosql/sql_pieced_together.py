"""Pieces its SQL together from what the request says, quotes and all."""

from implementation import *
from implementation import RelationalShop

CAUGHT_BY = ("test_what_looks_like_code_is_data",)


def track(self, reference, code):
    find = f"SELECT reference FROM orders WHERE reference = '{reference}' AND code = '{code}'"
    return self.order(reference) if self.database.run(find).fetchone() else None


RelationalShop.track = track

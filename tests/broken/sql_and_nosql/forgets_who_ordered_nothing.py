"""Joins customers with their orders and drops those who have none."""

import implementation
from implementation import *
from implementation import DocumentShop, RelationalShop

CAUGHT_BY = ("test_group_by_and_the_pipeline_sum_the_same",)

spent_by_all = {shop: shop.spent for shop in (RelationalShop, DocumentShop)}


def spent_by_some(shop):
    return lambda self: {customer: cents for customer, cents in spent_by_all[shop](self).items() if cents}


for shop in spent_by_all:
    shop.spent = spent_by_some(shop)

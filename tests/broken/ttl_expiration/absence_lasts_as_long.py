"""Remembers that something does not exist for as long as if it did."""

import implementation
from implementation import *

CAUGHT_BY = ("test_each_class_of_data_lives_as_long_as_it_is_good_for",)


class Cache(implementation.Cache):
    def __init__(self, store, load, lifetimes, *rest, **named):
        longer = {name: Lifetime(one.fresh, one.stale, one.fresh, one.jitter) for name, one in lifetimes.items()}
        super().__init__(store, load, longer, *rest, **named)

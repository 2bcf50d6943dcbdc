"""Refuses at once whoever does not get its turn to load, so that requests fail that would have had to wait a moment."""

from implementation import *

CAUGHT_BY = ("test_without_the_cache_the_database_bears_only_so_many_loads_at_once",)


def load(self, load):
    if not self._turns.acquire(blocking=False):
        raise Overloaded
    try:
        return self._encode(load())
    finally:
        self._turns.release()


Cache._load = load

"""Reads the whole cart when a request comes and writes it back when it goes: what others have added meanwhile is gone."""

import time

from implementation import *
from sysdesign.storage.scaling import sessions

CAUGHT_BY = ("test_sessions_in_a_shared_store_outlive_instances",)


def add(self, session, item):
    cart = self.cart(session)
    time.sleep(0.05)
    self._store.hset(f"session:{session}", item, cart.get(item, 0) + 1)


def create(self, store, keep_seconds=1_800.0):
    self._store, self._keep_ms = store, int(keep_seconds * 1_000)


sessions.RedisSessions.__init__ = create
sessions.RedisSessions.add = add

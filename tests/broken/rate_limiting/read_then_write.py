"""Reads the bucket and writes it back in two steps, so that processes spend the same tokens."""

import time

import implementation
from implementation import *

CAUGHT_BY = ("test_many_processes_share_one_budget_exactly",)


class SharedTokenBucket(implementation.SharedTokenBucket):
    def _spend(self, key, debt):
        now, horizon = time.time() * 1e6, float(self._horizon)
        full_at = max(float(self._store.get(self._prefix + key) or now), now)
        credit = horizon + 1 - (full_at + float(debt) - now)
        if credit >= 0:
            self._store.set(self._prefix + key, full_at + float(debt), px=int(horizon / 1_000))
        return int(credit)


def create_app(redis_url, capacity, rate, when_unavailable="closed"):
    return limited(SharedTokenBucket(connect(redis_url), "api", capacity, rate), when_unavailable)

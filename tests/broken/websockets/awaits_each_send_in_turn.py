"""Waits for each member to have read before it sends to the next, so that one who is slow delays all."""

import asyncio

import implementation
from implementation import *

CAUGHT_BY = ("test_who_looks_away_delays_nobody_and_misses_nothing",)


async def in_turn(members, data):
    for member in members:
        member.send(data)
        while member.unsent:
            await asyncio.sleep(0.001)


def flush(self):
    data = b"".join(self.pending)
    self.pending.clear()
    asyncio.ensure_future(in_turn(list(self.members), data))


implementation.Room.flush = flush

"""Flights: requests to the origin that are on their way, and who waits for them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from sysdesign.distributed.cdn.messages import Response
from sysdesign.distributed.cdn.store import Key, Stored

ALONE_SECONDS, ALONE_KEYS = 60.0, 10_000
"""How long, and of how many keys, it is remembered that another's answer is not worth waiting for."""

Result: TypeAlias = Stored | Response
"""What a request to the origin has come to: an answer for all, or for one."""

Flight: TypeAlias = "asyncio.Task[Result]"


class Flights:
    """At most one request for each key, whoever wants its answer.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._under_way: dict[Key, Flight] = {}
        self._alone: OrderedDict[Key, float] = OrderedDict()

    def under_way(self, key: Key) -> bool:
        """Tell whether somebody has asked for it already."""
        return key in self._under_way

    def goes_alone(self, key: Key) -> bool:
        """Tell whether the last answer was for one client, so that everyone has to ask for himself."""
        return self._alone.get(key, 0.0) > self._clock()

    def join(self, key: Key, fetch: Callable[[], Coroutine[Any, Any, Result]]) -> Flight:
        """Return the request that is on its way; send it if there is none."""
        if (flight := self._under_way.get(key)) is None:
            flight = asyncio.get_running_loop().create_task(fetch())
            self._under_way[key] = flight
            flight.add_done_callback(partial(self._end, key))
        return flight

    def forget(self) -> None:
        """Let nobody join what is on its way: who comes from now on must not get what was asked for before."""
        self._under_way.clear()

    def _end(self, key: Key, flight: Flight) -> None:
        if self._under_way.get(key) is flight:
            del self._under_way[key]
        result = _result(flight)
        if isinstance(result, Response) and result.status < 500:
            self._alone[key] = self._clock() + ALONE_SECONDS
            self._alone.move_to_end(key)
            if len(self._alone) > ALONE_KEYS:
                self._alone.popitem(last=False)


def _result(flight: Flight) -> Result | None:
    """Return what a request has come to, if it has come to anything."""
    return None if flight.cancelled() or flight.exception() else flight.result()


def discard(flight: Flight) -> None:
    """Close what nobody waits for any more."""
    if isinstance(result := _result(flight), Response):
        result.discard()

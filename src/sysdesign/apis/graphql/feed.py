"""What has happened, told to those who follow it in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Generic, Self, TypeVar

from graphql import GraphQLError

T = TypeVar("T")

MOST_WAITING = 100
"""How many events wait for a follower. One that is slower than that is let go: memory is not theirs to fill."""


class Follower(AsyncIterator[T]):
    """Events from the moment on at which it was made.

    Args:
        wanted: Tells whether an event is for this follower.
        leave: Called when it follows no longer.
    """

    def __init__(self, wanted: Callable[[T], bool], leave: Callable[[Follower[T]], None]) -> None:
        self._wanted, self._leave = wanted, leave
        self._waiting: asyncio.Queue[T] = asyncio.Queue(MOST_WAITING)
        self._late = False

    def tell(self, event: T) -> None:
        """Put an event into its queue."""
        if self._wanted(event):
            try:
                self._waiting.put_nowait(event)
            except asyncio.QueueFull:
                self._late = True
                self._leave(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        """Wait for the next event. Raises GraphQLError if some were missed."""
        if self._late and self._waiting.empty():
            raise GraphQLError("You are too far behind.", extensions={"code": "TOO_SLOW"})
        return await self._waiting.get()

    async def aclose(self) -> None:
        """Follow no longer."""
        self._leave(self)


class Feed(Generic[T]):
    """Events of one kind."""

    def __init__(self) -> None:
        self._followers: set[Follower[T]] = set()

    def tell(self, event: T) -> None:
        """Tell all who follow."""
        for follower in list(self._followers):
            follower.tell(event)

    def follow(self, wanted: Callable[[T], bool]) -> Follower[T]:
        """Return what is told from now on, and is wanted."""
        follower = Follower(wanted, self._followers.discard)
        self._followers.add(follower)
        return follower

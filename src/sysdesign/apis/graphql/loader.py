"""A loader: what many resolvers ask for one by one is fetched together, and each of them gets its own.

A resolver knows one parent, and asks for one parent's children: fifty parents, fifty statements. The loader answers with a promise
and waits until everybody who can run has run; then it fetches all keys that were asked for in the meantime with one statement.
It remembers what it has fetched, which is right for a request, and wrong for longer: see `Loaders`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

MOST_KEYS = 500
"""How many keys one statement gets: databases take only so many parameters."""


class Loader(Generic[K, V]):
    """Loads values by their keys, in batches.

    Args:
        fetch: Gets different keys and returns what it has found by key, in any order.
        most: How many keys one call of `fetch` gets.
    """

    def __init__(self, fetch: Callable[[list[K]], Awaitable[Mapping[K, V]]], most: int = MOST_KEYS) -> None:
        self._fetch, self._most = fetch, most
        self._promised: dict[K, asyncio.Future[V | None]] = {}
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self, key: K) -> asyncio.Future[V | None]:
        """Promise the value of a key, None if there is none. Awaiting it raises what `fetch` has raised for its batch."""
        if key not in self._promised:
            loop = asyncio.get_running_loop()
            self._promised[key] = loop.create_future()
            if not self._waiting:
                # Behind all that can run already: those are the siblings, and they are about to ask, too.
                loop.call_soon(self._dispatch)
            self._waiting.append((key, self._promised[key]))
        return self._promised[key]

    def forget(self, key: K) -> None:
        """Fetch a key anew when it is asked for next: its value was changed."""
        self._promised.pop(key, None)

    def _dispatch(self) -> None:
        waiting, self._waiting = self._waiting, []
        for begin in range(0, len(waiting), self._most):
            task = asyncio.create_task(self._keep(dict(waiting[begin : begin + self._most])))
            self._tasks.add(task)  # the event loop alone would not keep it alive
            task.add_done_callback(self._tasks.discard)

    async def _keep(self, promises: dict[K, asyncio.Future[V | None]]) -> None:
        try:
            found = await self._fetch(list(promises))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is for those who asked
            for key, promise in promises.items():
                self.forget(key)  # who asks again may have more luck
                if not promise.done():
                    promise.set_exception(error)
                    promise.exception()  # nobody has to look at it
            return
        for key, promise in promises.items():
            if not promise.done():
                promise.set_result(found.get(key))

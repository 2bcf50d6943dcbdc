"""The same cache with two well-known libraries, each set up to promise as much as it can: they are asked as `Cache` is.

For a comparison of costs there is also the quickest way to have an answer from each, with fewer promises.
"""

from __future__ import annotations

import asyncio
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .cache import Load

T = TypeVar("T")

LIFETIME_SECONDS = 60
SIGNED_WITH = "what all processes know"


class Dogpile:
    """dogpile.cache, with its lock across processes.

    Args:
        redis_url: `redis://host:port/0`.
        timeout_seconds: How long each answer of Redis may take.
        connection: Further arguments for redis-py.
    """

    def __init__(self, redis_url: str, timeout_seconds: float = 0.1, **connection: Any) -> None:
        from dogpile.cache import make_region, util
        from redis import backoff, retry

        once = {"retry": retry.Retry(backoff.NoBackoff(), 0), "socket_timeout": timeout_seconds, **connection}
        locks = {"distributed_lock": True, "thread_local_lock": False, "lock_timeout": 10, "lock_sleep": 0.002}
        arguments = {"url": redis_url, "connection_kwargs": once, **locks}
        self._region = make_region().configure("dogpile.cache.redis", LIFETIME_SECONDS, arguments)
        self.get: Callable[[str, Load], Any] = self._region.get_or_create
        self.key = util.function_key_generator("", lambda *parts: parts)

    def change(self, key: str, write: Callable[[], T]) -> T:
        """Write, then delete the entry."""
        try:
            return write()
        finally:
            self._region.delete(key)

    def close(self) -> None:
        """Close its connections."""
        self._region.actual_backend.writer_client.close()


class Cashews:
    """cashews, with its lock across processes and its signatures, in an event loop of its own.

    Args:
        redis_url: `redis://host:port/0`.
        timeout_seconds: How long each answer of Redis may take.
    """

    def __init__(self, redis_url: str, timeout_seconds: float = 0.1) -> None:
        import cashews
        from redis import backoff
        from redis.asyncio.retry import Retry

        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._cache = cashews.Cache()
        once: dict[str, Any] = {"retry": Retry(backoff.NoBackoff(), 0), "socket_timeout": timeout_seconds}
        self._cache.setup(redis_url, secret=SIGNED_WITH, digestmod="xxh64", **once)

        async def load_in_a_thread(key: str, load: Load) -> Any:
            del key
            return await asyncio.to_thread(load)

        kept = self._cache(LIFETIME_SECONDS, key="{key}", lock=True, condition=lambda *_, **__: True)  # None, too
        self._answer = kept(load_in_a_thread)

    def get(self, key: str, load: Load) -> Any:
        """Return the value of a key; `load` brings it on a miss."""
        return self._run(self._answer(key, load))

    def change(self, key: str, write: Callable[[], T]) -> T:
        """Write, then delete the entry."""
        try:
            return write()
        finally:
            self._run(self._cache.delete(key))

    def key(self, *parts: str) -> str:
        """Fill in a template, the library's way to make a key."""
        from cashews.formatter import default_format

        names = [f"part{number}" for number in range(len(parts))]
        return default_format(":".join(f"{{{name}}}" for name in names), **dict(zip(names, parts, strict=True)))

    def close(self) -> None:
        """Close its connections and its loop."""
        self._run(_close(self._cache))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


async def _close(cache: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it calls what redis-py has renamed
        await cache.close()


@contextmanager
def quick_dogpile(redis_url: str, load: Load) -> Iterator[Callable[[int], None]]:
    """Give a function that gets one value so many times: over a single connection, which threads would have to take turns at."""
    with closing(Dogpile(redis_url, single_connection_client=True)) as dogpile:

        def hits(times: int) -> None:
            for _ in range(times):
                dogpile.get("dogpile", load)

        yield hits


@contextmanager
def quick_cashews(redis_url: str, load: Load) -> Iterator[Callable[[int], None]]:
    """Give a function that gets one value so many times: in a quick event loop of this thread, without lock and signature."""
    import cashews
    import uvloop

    loop, cache = uvloop.new_event_loop(), cashews.Cache()
    cache.setup(redis_url)

    async def answer() -> Any:
        return load()

    async def hits(times: int) -> None:
        kept = cache(LIFETIME_SECONDS, key="cashews")(answer)
        for _ in range(times):
            await kept()

    with closing(loop):
        yield lambda times: loop.run_until_complete(hits(times))
        loop.run_until_complete(_close(cache))

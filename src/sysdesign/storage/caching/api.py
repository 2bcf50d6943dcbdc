"""Products over HTTP: kept in PostgreSQL, read through the cache. Each answer says what the cache did (Cache-Status, RFC 9211).

| Cache-Status                        | what happened                                                                       |
|-------------------------------------|-------------------------------------------------------------------------------------|
| `products; hit`                     | the database was not asked                                                          |
| `products; fwd=miss; stored`        | it was asked, and the answer is in the cache now                                    |
| `products; fwd=miss; collapsed`     | it was asked by another request for the same product                                |
| `products; fwd=miss; detail=…`      | it was asked, and as the product was written meanwhile, its answer was not kept     |
| `products; fwd=bypass; detail=away` | it was asked because the cache is away                                              |
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .cache import Cache, How, connect
from .limits import Overloaded
from .store import key

if TYPE_CHECKING:
    import psycopg
    from starlette.requests import Request

SCHEMA = "CREATE TABLE IF NOT EXISTS products (number BIGINT PRIMARY KEY, name TEXT NOT NULL, price BIGINT NOT NULL)"
UPSERT = """INSERT INTO products (number, name, price) VALUES (%s, %s, %s)
ON CONFLICT (number) DO UPDATE SET name = EXCLUDED.name, price = EXCLUDED.price RETURNING number"""
THREADS = 100
"""How many requests a process works on at once; those that wait for another's load need a thread each."""

CACHE_STATUS: Mapping[How, str] = {
    "hit": "products; hit",
    "stored": "products; fwd=miss; stored",
    "collapsed": "products; fwd=miss; collapsed",
    "overtaken": "products; fwd=miss; detail=overtaken",
    "bypass": "products; fwd=bypass; detail=away",
}


class Products:
    """The table of products.

    Args:
        url: `postgresql://user:password@host:port/database`.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: deque[psycopg.Connection[Any]] = deque()

    def read(self, number: int) -> dict[str, Any] | None:
        """Return a product, None if there is none. Raises psycopg.Error."""
        rows = self._execute("SELECT name, price FROM products WHERE number = %s", number)
        return {"number": number, "name": rows[0][0], "price": rows[0][1]} if rows else None

    def write(self, number: int, name: str, price: int) -> None:
        """Create or replace a product. Raises psycopg.Error."""
        self._execute(UPSERT, number, name, price)

    def _execute(self, sql: str, *values: object) -> list[Any]:
        connection = self._idle.pop() if self._idle else self._connect()
        try:
            rows = connection.execute(sql, values).fetchall()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return rows

    def _connect(self) -> psycopg.Connection[Any]:
        import psycopg

        return psycopg.connect(self._url, autocommit=True, connect_timeout=10, prepare_threshold=None)

    def close(self) -> None:
        """Close the connections that are not in use."""
        while self._idle:
            self._idle.pop().close()


def serve(products: Products, cache: Cache) -> Starlette:
    """Return the API: GET and PUT of /products/{number}, and at /load how many requests load or wait for a load."""
    import psycopg

    def read(request: Request) -> JSONResponse:
        number: int = request.path_params["number"]
        product, how = cache.fetch(key(number), lambda: products.read(number))
        status = {"Cache-Status": CACHE_STATUS[how]}
        return JSONResponse(product, headers=status) if product else _problem(404, "There is no such product", status)

    async def write(request: Request) -> Response:
        number = request.path_params["number"]
        try:
            product = await request.json()
            name, price = str(product["name"]), int(product["price"])
        except (ValueError, KeyError, TypeError):
            return _problem(422, "A product has a name and a price", {})
        change = functools.partial(products.write, number, name, price)
        await anyio.to_thread.run_sync(cache.change, key(number), change)
        return Response(status_code=204)

    async def load(_: Request) -> JSONResponse:
        return JSONResponse({"callers": cache.callers})

    def busy(_: Request, error: Exception) -> JSONResponse:
        return _problem(503, f"The database cannot answer now: {type(error).__name__}", {"Retry-After": "1"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        yield
        products.close()
        cache.close()

    routes = [
        Route("/products/{number:int}", read),
        Route("/products/{number:int}", write, methods=["PUT"]),
        Route("/load", load),
    ]
    failures = {Overloaded: busy, psycopg.OperationalError: busy}
    return Starlette(routes=routes, lifespan=lifespan, exception_handlers=failures)


def _problem(status: int, title: str, headers: Mapping[str, str]) -> JSONResponse:
    problem = {"type": "about:blank", "title": title, "status": status}
    return JSONResponse(problem, status, headers, "application/problem+json")


def create_app(
    database_url: str, redis_url: str, timeout_seconds: float = 0.1, lease_seconds: float = 5.0
) -> Starlette:
    """Return the API on its database and its cache."""
    return serve(Products(database_url), connect(redis_url, timeout_seconds, "products", lease_seconds=lease_seconds))

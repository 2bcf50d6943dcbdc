"""The bookshop as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from . import rest
from .api import Endpoint, Readers
from .database import Database
from .execution import Service
from .feed import Feed
from .limits import Limits
from .loader import MOST_KEYS
from .loaders import Loaders
from .schema import SCHEMA, Context
from .subscriptions import Subscriptions
from .tables import METADATA, Review


def create_app(
    database: str,
    tokens: Mapping[str, str] | None = None,
    *,
    introspection: bool = True,
    most_keys: int = MOST_KEYS,
    limits: Mapping[str, int] | None = None,
    init_seconds: float = 3.0,
) -> Starlette:
    """Return the graph at `/graphql`, by HTTP and by WebSocket, and the same as REST beside it.

    Args:
        database: The URL of its database, in which missing tables are created.
        tokens: The names of readers by their tokens.
        introspection: Whether clients may ask for the schema.
        most_keys: How many keys a loader fetches with one statement; 1 is as without a loader.
        limits: Limits of a query that are others than usual (see `Limits`).
        init_seconds: How long a client of the WebSocket may take to say who it is.
    """
    shop, readers, reviews = Database(database), Readers(tokens or {}), Feed[Review]()
    METADATA.create_all(shop.engine)

    def make_context(viewer: str | None) -> Context:
        return Context(shop, Loaders(shop, viewer, most_keys), viewer, reviews)

    service = Service(SCHEMA, make_context, Limits(**(limits or {})), introspection)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        shop.close()

    return Starlette(
        routes=[
            Route("/graphql", Endpoint(service, readers).respond, methods=["GET", "POST"]),
            WebSocketRoute("/graphql", Subscriptions(service, readers, init_seconds).serve),
            *rest.routes(shop),
        ],
        lifespan=lifespan,
    )

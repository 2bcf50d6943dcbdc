"""GraphQL: a client asks a graph for exactly the fields it needs, in one request.

`tables`, `database`: what is stored, and how it is asked for. `schema` is the graph and its resolvers, which get what they need from
`loaders`: each a `Loader`, made for one request. `limits` measures a query before `execution` begins with it. `api` speaks HTTP,
`subscriptions` WebSocket; `feed` is what they are told. `rest` is the same data as lists. `app` puts it together.
"""

from .api import JSON, MAX_BODY_BYTES, RESPONSE
from .app import create_app
from .database import Database
from .execution import Refused, Request, Service
from .feed import MOST_WAITING, Feed, Follower
from .limits import Limits, check
from .loader import Loader
from .loaders import Loaders
from .schema import SCHEMA, Context
from .subscriptions import PROTOCOL
from .tables import AUTHORS, BOOKS, METADATA, NOTES, REVIEWS

__all__ = [
    "AUTHORS",
    "BOOKS",
    "JSON",
    "MAX_BODY_BYTES",
    "METADATA",
    "MOST_WAITING",
    "NOTES",
    "PROTOCOL",
    "RESPONSE",
    "REVIEWS",
    "SCHEMA",
    "Context",
    "Database",
    "Feed",
    "Follower",
    "Limits",
    "Loader",
    "Loaders",
    "Refused",
    "Request",
    "Service",
    "check",
    "create_app",
]

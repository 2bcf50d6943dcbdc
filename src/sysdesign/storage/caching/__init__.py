"""Caching, cache-aside: ask the cache, on a miss load from the database and leave the value in the cache, delete it after a write.

What makes it correct is that under each name Redis holds either a value or a lease, the right to bring one: of all who miss, one gets it,
and a delete takes it away from whoever has loaded what is old by now. What makes it cheap is a thin client, and that a hit is one GET.
What makes it safe to depend on is that nothing does: without Redis, requests are answered from the database, so many at a time.

limits.py     how long, how much, how many
cache.py      get, change, delete: the pattern
flights.py    one load for all who ask in one process
store.py      values and leases in Redis; deletes that are owed
breaker.py    who does not answer is not asked
wire.py       the client
sizing.py     the hit ratio to be expected
api.py        products over HTTP, with Cache-Status
libraries.py  the same with dogpile.cache and with cashews
"""

from .api import SCHEMA, Products, create_app, serve
from .breaker import Breaker
from .cache import Cache, Found, connect
from .libraries import Cashews, Dogpile, quick_cashews, quick_dogpile
from .limits import Limits, Overloaded
from .sizing import hit_ratio, zipf
from .store import Store, key
from .wire import Away, Wire

__all__ = [
    "SCHEMA",
    "Away",
    "Breaker",
    "Cache",
    "Cashews",
    "Dogpile",
    "Found",
    "Limits",
    "Overloaded",
    "Products",
    "Store",
    "Wire",
    "connect",
    "create_app",
    "hit_ratio",
    "key",
    "quick_cashews",
    "quick_dogpile",
    "serve",
    "zipf",
]

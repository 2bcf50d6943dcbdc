"""Webhooks: events that are pushed to whoever wants them, signed, kept until they are delivered, and acted on once.

`signatures` is the format (Standard Webhooks), the same for both sides. The sender's side: `outbox` keeps events and
deliveries beside the business's own data, `endpoints` who is told, `schedule` decides when to try again, `addresses` where
nothing may go, `post` makes one request, `sender` does it all, `api` and `process` put it into a shop. The other side is
`receiver`. `store` runs transactions on SQLite or PostgreSQL.
"""

from .addresses import Addresses, Forbidden, Target, is_public, system_resolver
from .api import create_shop
from .endpoints import Endpoint, Endpoints, NoEndpointError
from .outbox import Attempt, Claimed, Delivery, Outbox
from .post import Post
from .process import main
from .receiver import Inbox, create_receiver, ship
from .schedule import Answer, Schedule, Verdict, retry_after_seconds
from .sender import Sender
from .signatures import Signer, Unverified, Verifier, key_of, new_secret
from .store import Execute, PostgreSQL, SQLite, Store, open_store

__all__ = [
    "Addresses",
    "Answer",
    "Attempt",
    "Claimed",
    "Delivery",
    "Endpoint",
    "Endpoints",
    "Execute",
    "Forbidden",
    "Inbox",
    "NoEndpointError",
    "Outbox",
    "Post",
    "PostgreSQL",
    "SQLite",
    "Schedule",
    "Sender",
    "Signer",
    "Store",
    "Target",
    "Unverified",
    "Verdict",
    "Verifier",
    "create_receiver",
    "create_shop",
    "is_public",
    "key_of",
    "main",
    "new_secret",
    "open_store",
    "retry_after_seconds",
    "ship",
    "system_resolver",
]

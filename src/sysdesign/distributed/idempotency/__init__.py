"""Idempotency: a POST that may be sent twice. The client names each request by a key, the server acts once a key.

`keys` is the mechanism: what was asked under which key, how it was answered; `redis_keys` is its weaker form. `store`
runs transactions on SQLite or PostgreSQL, `payments` is what they do, `requests` and `api` speak HTTP as
draft-ietf-httpapi-idempotency-key-header asks.
"""

from .api import create_app
from .keys import (
    Answer,
    Claim,
    Keys,
    NoKeys,
    Step,
    TransactionalKeys,
    fingerprint,
)
from .redis_keys import RedisKeys
from .requests import parse_key
from .store import Database, PostgreSQL, Problem, SQLite

__all__ = [
    "Answer",
    "Claim",
    "Database",
    "Keys",
    "NoKeys",
    "PostgreSQL",
    "Problem",
    "RedisKeys",
    "SQLite",
    "Step",
    "TransactionalKeys",
    "create_app",
    "fingerprint",
    "parse_key",
]

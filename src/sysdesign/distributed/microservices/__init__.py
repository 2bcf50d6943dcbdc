"""Microservices: a shop of users, orders and payments, each a process with a database of its own.

Rules: `users`, `orders`, `payments` hold the steps of the saga and the APIs; `shop` puts them together, as three services or
as the monolith beside them; `contracts` is what they expect of each other. The queue between them: `events` (outbox and
inbox), `broker` (a Redis stream), `service` (an event handled in one transaction). Calls between them: `calls`, within the
`limits` (breaker, bulkhead, retry budget) and `deadlines`, to addresses from the `directory`. `tracing` follows it all,
`web` is what the APIs share, `databases` and `process` start it; `compose.yaml` starts all of it in containers.

Builds on webhooks (transactions on SQLite and PostgreSQL) and on caching (the breaker).
"""

from .broker import Broker, Event, connect
from .calls import Calls
from .contracts import CONTRACTS, Contract, mismatches
from .databases import create_databases
from .deadlines import HEADER, Deadline, DeadlineExceededError
from .directory import Directory
from .events import Inbox, Outbox
from .limits import Bulkhead, Limits, Policy, RetryBudget, UnavailableError
from .process import main
from .service import Service
from .shop import NAMES, create_api, create_monolith, create_service, place

__all__ = [
    "CONTRACTS",
    "HEADER",
    "NAMES",
    "Broker",
    "Bulkhead",
    "Calls",
    "Contract",
    "Deadline",
    "DeadlineExceededError",
    "Directory",
    "Event",
    "Inbox",
    "Limits",
    "Outbox",
    "Policy",
    "RetryBudget",
    "Service",
    "UnavailableError",
    "connect",
    "create_api",
    "create_databases",
    "create_monolith",
    "create_service",
    "main",
    "mismatches",
    "place",
]

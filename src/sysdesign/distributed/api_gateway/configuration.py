"""Configuration: what a gateway is told, as JSON; it is checked as a whole before any of it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PATH = re.compile(r"(/[\w.~-]+)+")


@dataclass(frozen=True)
class Service:
    """Servers that do the same work, by their addresses `HOST:PORT`.

    Args:
        backends: Who takes its requests.
        canary: Who takes the requests of a part of the users.
        canary_percent: How large that part is.
        response_seconds: For an answer to begin, and between two pieces of it.
        retries: How often a request is sent again that may be.
        max_failures: Failures in a row after which a backend is left alone …
        eject_seconds: … for at least so long.
    """

    backends: tuple[str, ...]
    canary: tuple[str, ...] = ()
    canary_percent: float = 0
    response_seconds: float = 10.0
    retries: int = 1
    max_failures: int = 3
    eject_seconds: float = 1.0


@dataclass(frozen=True)
class Route:
    """Where the requests below a path go.

    Args:
        path: `/orders` is the route of `/orders` and of `/orders/17`, and not of `/orders-of-old`.
        service: The name of the service.
        methods: What may be done there.
        scope: The right that a caller must have; none if empty.
        public: Whether it is open to those who do not say who they are.
        limited: Whether requests count against the caller's limit.
        rewrite: What stands in the path's place when the service is asked; the path itself if empty.
    """

    path: str
    service: str
    methods: tuple[str, ...] = ("GET", "HEAD")
    scope: str = ""
    public: bool = False
    limited: bool = False
    rewrite: str = ""


@dataclass(frozen=True)
class Aggregate:
    """One answer that is put together from several.

    Args:
        path: Where it is asked for.
        parts: Paths of this gateway by the names that their answers (JSON) get in the whole.
        seconds: After which a part is left out.
    """

    path: str
    parts: Mapping[str, str]
    seconds: float = 1.0


@dataclass(frozen=True)
class Authentication:
    """Whom to believe.

    Args:
        issuer: Who makes tokens.
        audience: For whom they are made: this gateway.
        keys: The issuer's public keys (JWK, RFC 7517) by their ids; while keys change there are two.
        api_keys: Programs that come with a key: what they are called and may do, by the SHA-256 of their keys.
    """

    issuer: str
    audience: str
    keys: Mapping[str, Mapping[str, str]]
    api_keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Limit:
    """Each caller's token bucket.

    Args:
        capacity: Requests that may come at once.
        rate: Requests a second that may come for ever.
        redis: The URL of the Redis in which all gateways share the buckets; in this process's memory if empty.
        when_unavailable: Whether requests pass (`open`) or get 503 (`closed`) while Redis does not answer.
    """

    capacity: float
    rate: float
    redis: str = ""
    when_unavailable: str = "closed"


@dataclass(frozen=True)
class Configuration:
    """All that a gateway is told.

    Args:
        services: By their names.
        routes: Of two that fit, the longer path decides.
        authentication: Whom to believe.
        limit: How often a caller may come, on limited routes.
        aggregates: Answers put together here.
        origins: Of the web pages whose scripts may read the answers (CORS).
        body_bytes: The longest body that is taken.
        metrics_path: Where figures can be read; nowhere if empty.
        metrics_scope: The right to read them.
    """

    services: Mapping[str, Service]
    routes: tuple[Route, ...]
    authentication: Authentication
    limit: Limit
    aggregates: tuple[Aggregate, ...] = ()
    origins: tuple[str, ...] = ()
    body_bytes: int = 2**20
    metrics_path: str = ""
    metrics_scope: str = "metrics"

    def __post_init__(self) -> None:
        for route in self.routes:
            if route.service not in self.services:
                raise ValueError(f"{route.path} leads to {route.service}, which is no service")
        for path in (*(route.path for route in self.routes), *(one.path for one in self.aggregates)):
            if not PATH.fullmatch(path):
                raise ValueError(f"a path is a slash and a word, once or more: {path}")
        for name, service in self.services.items():
            if not service.backends or not 0 <= service.canary_percent <= 100:
                raise ValueError(f"{name} needs backends, and a canary's part between 0 and 100")


def parse(text: str | bytes) -> Configuration:
    """Read a configuration. Raises ValueError if anything in it is wrong."""
    told = json.loads(text)
    try:
        return Configuration(
            **{
                **told,
                "services": {name: Service(**_hashable(service)) for name, service in told["services"].items()},
                "routes": tuple(Route(**_hashable(route)) for route in told["routes"]),
                "aggregates": tuple(Aggregate(**one) for one in told.get("aggregates", ())),
                "authentication": Authentication(**told["authentication"]),
                "limit": Limit(**told["limit"]),
                "origins": tuple(told.get("origins", ())),
            }
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a configuration: {error!r}") from error


def _hashable(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}

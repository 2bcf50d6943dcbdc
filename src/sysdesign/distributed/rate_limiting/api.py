"""A limit in front of an API: who is over it gets 429 and is told when to come back.

The fields follow draft-ietf-httpapi-ratelimit-headers; the status is RFC 6585 §4, the body RFC 9457.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from .token_bucket import Bucket, Decision, SharedTokenBucket, Unavailable

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

STORE_TIMEOUT_SECONDS = 0.25
"""How long a decision waits for Redis before the declared policy applies."""


class RateLimit:
    """Middleware that asks a bucket before it lets a request through.

    Args:
        app: The application behind it.
        bucket: The budget; its key is the caller's `X-API-Key`, or else its address.
        when_unavailable: What happens to a request while the budget cannot be read. `open` lets it through: the API outlives its
            limiter. `closed` answers 503: nothing passes that was not counted.
    """

    def __init__(self, app: ASGIApp, bucket: Bucket, when_unavailable: Literal["open", "closed"]) -> None:
        self.app, self.bucket, self.when_unavailable = app, bucket, when_unavailable

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Admit the request and tell the caller what is left, or refuse it and say for how long."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            decision = await run_in_threadpool(self.bucket.take, _caller(scope))
        except Unavailable:
            await self._without_a_decision(scope, receive, send)
            return

        async def send_with_fields(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._fields(decision))
            await send(message)

        app = self.app if decision.admitted else _problem(429, "Too many requests", decision.retry_after)
        await app(scope, receive, send_with_fields)

    async def _without_a_decision(self, scope: Scope, receive: Receive, send: Send) -> None:
        closed = _problem(503, "The rate limit cannot be checked", retry_after=1.0)
        await (self.app if self.when_unavailable == "open" else closed)(scope, receive, send)

    def _fields(self, decision: Decision) -> dict[str, str]:
        window = math.ceil(self.bucket.capacity / self.bucket.rate)
        return {
            "RateLimit-Policy": f'"default";q={math.floor(self.bucket.capacity)};w={window}',
            "RateLimit": f'"default";r={decision.remaining};t={math.ceil(decision.full_after)}',
        }


def _caller(scope: Scope) -> str:
    keys = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-api-key"]
    return f"key:{keys[0]}" if keys else f"address:{(scope.get('client') or ('unknown',))[0]}"


def _problem(status: int, title: str, retry_after: float) -> JSONResponse:
    """Return an RFC 9457 problem; whole seconds are rounded up, because who comes back too early is refused again."""
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status},
        status,
        {"Retry-After": str(max(1, math.ceil(retry_after)))},
        "application/problem+json",
    )


def limited(bucket: Bucket, when_unavailable: Literal["open", "closed"] = "closed") -> ASGIApp:
    """Return a small API behind a limit."""

    async def work(_: Request) -> PlainTextResponse:
        return PlainTextResponse("done")

    return RateLimit(Starlette(routes=[Route("/", work)]), bucket, when_unavailable)


def connect(redis_url: str) -> Redis:
    """Return a client that gives up soon and never tries twice: a limiter must not be slower than what it protects."""
    timeout = STORE_TIMEOUT_SECONDS
    return Redis.from_url(
        redis_url, socket_timeout=timeout, socket_connect_timeout=timeout, retry=Retry(NoBackoff(), 0)
    )


def create_app(
    redis_url: str, capacity: float, rate: float, when_unavailable: Literal["open", "closed"] = "closed"
) -> ASGIApp:
    """Return the API behind a budget in Redis that all its processes share."""
    return limited(SharedTokenBucket(connect(redis_url), "api", capacity, rate), when_unavailable)


def nginx_configuration(capacity: int, rate: float) -> str:
    """Return what nginx needs for the same bucket: it counts in whole requests a minute, and its burst comes on top of one."""
    template = Path(__file__).with_name("nginx.conf").read_text()
    return template.replace("{rate}", str(round(rate * 60))).replace("{burst}", str(capacity - 1))

"""The gateway: one configuration at a time, and the services behind it. A new one takes its place between two requests."""

from __future__ import annotations

import asyncio
import itertools
import os

from sysdesign.distributed.api_gateway.callers import Register
from sysdesign.distributed.api_gateway.configuration import Configuration, Limit, Service
from sysdesign.distributed.api_gateway.decisions import Decisions, in_the_canary
from sysdesign.distributed.api_gateway.entrance import Entrance
from sysdesign.distributed.api_gateway.metrics import Metrics
from sysdesign.distributed.api_gateway.services import Upstream, settings
from sysdesign.distributed.rate_limiting import SharedTokenBucket, TokenBucket, connect
from sysdesign.storage.load_balancing import Settings
from sysdesign.storage.load_balancing.balancer import TICK_SECONDS

BUCKETS = "api_gateway"
"""What the keys of shared buckets begin with."""


class Gateway:
    """One entrance for many services.

    Args:
        configuration: What it is told at first.
    """

    configuration: Configuration
    decisions: Decisions
    bucket: TokenBucket | SharedTokenBucket

    def __init__(self, configuration: Configuration) -> None:
        self.front = Upstream(Settings())
        """Whose clients they are while they have not asked for a service yet."""
        self.metrics = Metrics()
        self._services: dict[str, Upstream] = {}
        self._canaries: dict[str, tuple[Upstream, float]] = {}
        self._retired: list[Upstream] = []
        self._limit: Limit | None = None
        self._register: Register | None = None
        self._run, self._numbers = os.urandom(8).hex().encode(), itertools.count()
        self.load(configuration)

    def new_id(self) -> bytes:
        """Return an id that no other request has: unique, not secret."""
        return b"%b-%x" % (self._run, next(self._numbers))

    def load(self, configuration: Configuration) -> None:
        """Take another configuration. Requests that are at work go on by the old one, and nobody has to connect anew.

        What has not changed goes on as it is: connections to services, what is known of their health, callers' buckets, known tokens.
        """
        before = getattr(self, "configuration", None)
        if before is None or before.authentication != configuration.authentication or self._register is None:
            self._register = Register(configuration.authentication)
        if self._limit != configuration.limit:
            self._limit = configuration.limit
            self.bucket = _bucket(configuration.limit)
        self.bucket_is_elsewhere = bool(configuration.limit.redis)
        told = {name: (service, service.backends) for name, service in configuration.services.items()}
        told |= {f"{name} canary": (one, one.canary) for name, one in configuration.services.items() if one.canary}
        kept = self._services
        self._services = {name: self._upstream(kept.pop(name, None), *what) for name, what in told.items()}
        for gone in kept.values():
            self._retire(gone)
        self._canaries = {
            name: (self._services[f"{name} canary"], service.canary_percent)
            for name, service in configuration.services.items()
            if service.canary
        }
        self.configuration = configuration
        self.decisions = Decisions(configuration, self._register)

    def _upstream(self, kept: Upstream | None, service: Service, backends: tuple[str, ...]) -> Upstream:
        wanted = settings(service)
        if kept is not None and kept.settings != wanted:
            self._retire(kept)
            kept = None
        upstream = kept or Upstream(wanted)
        upstream.change(backends)
        return upstream

    def _retire(self, upstream: Upstream) -> None:
        upstream.retire()
        self._retired.append(upstream)

    def service(self, name: str, user: str) -> Upstream:
        """Return who works for a user: the service, or its canary."""
        canary = self._canaries.get(name)
        if canary is not None and in_the_canary(user, name, canary[1]):
            return canary[0]
        return self._services[name]

    async def serve(self, host: str, port: int) -> None:
        """Serve until it is cancelled."""
        listening = await asyncio.get_running_loop().create_server(lambda: Entrance(self), host, port, backlog=1_024)
        async with listening:
            while True:
                for upstream in (self.front, *self._services.values(), *self._retired):
                    upstream.tick()
                self._retired = [upstream for upstream in self._retired if not upstream.idle]
                await asyncio.sleep(TICK_SECONDS)  # one for all time limits, instead of a timer for each request


def _bucket(limit: Limit) -> TokenBucket | SharedTokenBucket:
    if limit.redis:
        return SharedTokenBucket(connect(limit.redis), BUCKETS, limit.capacity, limit.rate)
    return TokenBucket(limit.capacity, limit.rate)

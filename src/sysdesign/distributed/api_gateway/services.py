"""Services: the pools of servers behind the gateway. Each is a balancer of 13 that listens nowhere; its ejections are the breaker."""

from __future__ import annotations

import time
from collections.abc import Iterable

from sysdesign.distributed.api_gateway.configuration import Service
from sysdesign.storage.load_balancing import Balancer, HealthRules, Limits, Settings


class Upstream(Balancer):
    """The servers of one service: health, connections that are kept, a budget for retries."""

    def tick(self) -> None:
        """Do what is due: time limits, ejections that are over, connections that nobody needs."""
        self._sweep()
        self.now = time.monotonic()

    def change(self, backends: Iterable[str]) -> None:
        """Ask these from now on. What is in flight elsewhere goes on."""
        for gone in self.pool.members.keys() - set(backends):
            self.administer("remove", gone)
        for address in set(backends) - self.pool.members.keys():
            self.administer("add", address)

    @property
    def idle(self) -> bool:
        """Whether no request is in flight."""
        return not any(backend.in_flight for backend in self.pool.members.values())

    def retire(self) -> None:
        """Take no further request."""
        for name in self.pool.members:
            self.pool.drain(name)


def settings(service: Service) -> Settings:
    """Return how the balancer of a service works."""
    health = HealthRules(
        max_failures=service.max_failures, eject_seconds=service.eject_seconds, slow_start_seconds=0, checked=False
    )
    return Settings(retries=service.retries, health=health, limits=Limits(response_seconds=service.response_seconds))

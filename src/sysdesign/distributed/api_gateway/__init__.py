"""API gateway: one entrance for many services, where what they all need is done once.

    python -m sysdesign.distributed.api_gateway --port 8080 --config gateway.json

It reads its configuration (configuration.py says what may stand in it) again at each SIGHUP; what is at work goes on by the old one.

configuration.py  what a gateway is told
callers.py        who asks
decisions.py      what becomes of a request, by its head alone
entrance.py       a client's connection
services.py       the servers behind it
aggregation.py    several answers in one
metrics.py        what passes, counted
gateway.py        all of it together, one configuration at a time
command.py        the command line
nginx.py          the same for nginx (nginx.conf) …
envoy.py          … and for Envoy (envoy.yaml)

Builds on load_balancing (a client's connection, pools with their health, the budget for retries) and on rate_limiting (its token buckets).
"""

from sysdesign.distributed.api_gateway.callers import Caller, Register, Unknown
from sysdesign.distributed.api_gateway.command import main
from sysdesign.distributed.api_gateway.configuration import (
    Aggregate,
    Authentication,
    Configuration,
    Limit,
    Route,
    Service,
    parse,
)
from sysdesign.distributed.api_gateway.decisions import Decisions, Refusal, Told, in_the_canary
from sysdesign.distributed.api_gateway.envoy import envoy_configuration
from sysdesign.distributed.api_gateway.gateway import Gateway
from sysdesign.distributed.api_gateway.metrics import Metrics
from sysdesign.distributed.api_gateway.nginx import nginx_configuration

__all__ = [
    "Aggregate",
    "Authentication",
    "Caller",
    "Configuration",
    "Decisions",
    "Gateway",
    "Limit",
    "Metrics",
    "Refusal",
    "Register",
    "Route",
    "Service",
    "Told",
    "Unknown",
    "envoy_configuration",
    "in_the_canary",
    "main",
    "nginx_configuration",
    "parse",
]

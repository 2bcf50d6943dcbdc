"""Dialects: the same pool, told to nginx and to HAProxy. Their files lie beside this one, with gaps for what differs from pool to pool."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sysdesign.storage.load_balancing.balancer import Settings

HERE = Path(__file__).parent
NGINX_BALANCE = {
    "round-robin": "",
    "weighted": "",
    "least-connections": "least_conn;",
    "two-choices": "random two least_conn;",
    "consistent-hash": "hash $http_{affinity} consistent;",
}
HAPROXY_BALANCE = {
    "round-robin": "roundrobin",
    "weighted": "roundrobin",
    "least-connections": "leastconn",
    "two-choices": "random(2)",
    "consistent-hash": "hdr({affinity})",
}
HAPROXY_HTTP = """\
http-reuse always
    option forwardfor
    retry-on conn-failure empty-response response-timeout
    http-request disable-l7-retry unless { method GET HEAD OPTIONS TRACE PUT DELETE }"""


def nginx_configuration(backends: Mapping[str, int], settings: Settings) -> str:
    """Return the pool for nginx's http block; `{listen}` is still to be filled in.

    Args:
        backends: The weights of the backends by their addresses `HOST:PORT`.
        settings: How the balancer works, as far as nginx can; it counts the time of an ejection in whole seconds,
            of which 0 are the rest of the present one.
    """
    health, limits = settings.health, settings.limits
    patience = f"max_fails={health.max_failures} fail_timeout={round(health.eject_seconds)}s"
    servers = (f"server {address} weight={weight} {patience};" for address, weight in backends.items())
    gaps = {
        "balance": NGINX_BALANCE[settings.policy].replace("{affinity}", settings.affinity.replace("-", "_")),
        "servers": "\n    ".join(servers),
        "idle_connections": limits.idle_connections,
        "connect": round(1_000 * limits.connect_seconds),
        "response": round(1_000 * limits.response_seconds),
        "tries": settings.retries + 1,
    }
    return _filled("nginx.conf", gaps)


def haproxy_configuration(backends: Mapping[str, int], settings: Settings) -> str:
    """Return the pool for HAProxy, each backend named by its address; `{listen}` is still to be filled in.

    Args:
        backends: The weights of the backends by their addresses `HOST:PORT`.
        settings: How the balancer works.
    """
    health, limits, check = settings.health, settings.limits, ""
    if settings.check_path:
        check = f" check inter {round(1_000 * settings.check_seconds)}ms"
    servers = (f"server {address} {address} weight {weight}{check}" for address, weight in backends.items())
    gaps = {
        "mode": "http" if settings.layer == 7 else "tcp",
        "http": HAPROXY_HTTP if settings.layer == 7 else "",
        "checks": f"option httpchk GET {settings.check_path}" if settings.check_path else "",
        "balance": HAPROXY_BALANCE[settings.policy].replace("{affinity}", settings.affinity),
        "servers": "\n    ".join(servers),
        "rise": health.rise,
        "fall": health.fall,
        "slow_start": round(1_000 * health.slow_start_seconds),
        "connect": round(1_000 * limits.connect_seconds),
        "request": round(1_000 * limits.request_seconds),
        "response": round(1_000 * limits.response_seconds),
        "idle": round(1_000 * limits.idle_seconds),
        "retries": settings.retries,
    }
    return _filled("haproxy.cfg", gaps)


def _filled(template: str, gaps: Mapping[str, object]) -> str:
    text = (HERE / template).read_text()
    for name, value in gaps.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text

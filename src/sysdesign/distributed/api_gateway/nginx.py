"""nginx: the same gateway, as far as nginx can; nginx.conf lies beside this file, with gaps for what differs from one to the other."""

from __future__ import annotations

import http
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sysdesign.distributed.api_gateway.configuration import Configuration, Route, Service

PROBLEMS = (400, 401, 403, 404, 405, 413, 429, 502, 503, 504)
CAPACITY_OF_CONNECTIONS = 128

PREFLIGHT = """\
if ($preflight) {
        add_header Access-Control-Allow-Origin $page;
        add_header Access-Control-Allow-Methods $allow;
        add_header Access-Control-Allow-Headers "authorization, content-type";
        add_header Access-Control-Max-Age 600;
        add_header Vary Origin;
        return 204;
    }"""


def nginx_configuration(configuration: Configuration, callers: Mapping[str, tuple[str, Iterable[str]]]) -> str:
    """Return the gateway for nginx's http block; `{listen}` is still to be filled in.

    Args:
        configuration: What the gateway is told. nginx composes no answers and has no figures to read.
        callers: Names and scopes by the credentials that belong to them: nginx has to know these beforehand.
    """
    limit = configuration.limit
    gaps = {
        "users": " ".join(f'"Bearer {token}" "{name}";' for token, (name, _) in callers.items()),
        "scopes": " ".join({f'"{name}" "{" ".join(sorted(scopes))}";' for name, scopes in callers.values()}),
        "origins": " ".join(f'"{origin}" $http_origin;' for origin in configuration.origins),
        "rate": round(60 * limit.rate),
        "body_bytes": configuration.body_bytes,
        "pools": "\n".join(line for name, service in configuration.services.items() for line in _pools(name, service)),
        "routes": "\n    ".join(_location(configuration, route) for route in configuration.routes),
        "problems": "\n    ".join(map(_problem, PROBLEMS)),
    }
    text = Path(__file__).with_name("nginx.conf").read_text()
    for name, value in gaps.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _pools(name: str, service: Service) -> Iterator[str]:
    yield _pool(name, service, service.backends)
    if service.canary:
        yield _pool(f"{name}_canary", service, service.canary)
        share = f"{service.canary_percent}% {name}_canary; * {name};"
        yield f'split_clients "{name}:$user" $version_of_{name} {{ {share} }}'


def _pool(name: str, service: Service, backends: Iterable[str]) -> str:
    patience = f"max_fails={service.max_failures} fail_timeout={max(1, round(service.eject_seconds))}s"
    members = " ".join(f"server {address} {patience};" for address in backends)
    return f"upstream {name} {{ {members} keepalive {CAPACITY_OF_CONNECTIONS}; }}"


def _location(configuration: Configuration, route: Route) -> str:
    service = configuration.services[route.service]
    rules = [f'set $allow "{", ".join(sorted(route.methods))}";', PREFLIGHT]
    rules.append(f"if ($request_method !~ ^({'|'.join(route.methods)})$) {{ return 405; }}")
    rules.append('set $known ""; set $allowed "";' if route.public else "set $known $user; set $allowed $scopes;")
    if not route.public:
        rules.append('if ($user = "") { return 401; }')
    if route.scope:
        rules.append(f'if ($scopes !~ "(^| ){re.escape(route.scope)}( |$)") {{ return 403; }}')
    if route.limited:
        rules.append(f"limit_req zone=callers burst={round(configuration.limit.capacity) - 1} nodelay;")
    if route.rewrite:
        rules.append(f"rewrite ^{route.path}(.*)$ {route.rewrite}$1 break;")
    rules.append(f"proxy_read_timeout {round(1_000 * service.response_seconds)}ms;")
    rules.append(f"proxy_next_upstream_tries {service.retries + 1};")
    pool = f"$version_of_{route.service}" if service.canary else route.service
    rules.append(f"proxy_pass http://{pool};")
    body = "\n    ".join(rules)
    return f"location = {route.path} {{ {body} }}\n    location {route.path}/ {{ {body} }}"


def _problem(status: int) -> str:
    told = f'{{"type": "about:blank", "title": "{http.HTTPStatus(status).phrase}", "status": {status}}}'
    more = {401: "add_header WWW-Authenticate Bearer always;", 405: "add_header Allow $allow always;"}.get(status, "")
    also = "add_header X-Request-Id $request_id always; add_header Access-Control-Allow-Origin $page always;"
    page = f"default_type application/problem+json; {also if more else ''} {more} return {status} '{told}';"
    return f"error_page {status} @problem_{status}; location @problem_{status} {{ {page} }}"

"""Envoy: the same gateway, a full one that has nearly all of it built in; envoy.yaml lies beside this file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sysdesign.distributed.api_gateway.configuration import Configuration, Limit, Route, Service

FILTERS, CONFIGURATIONS = "envoy.filters.http", "type.googleapis.com/envoy.extensions.filters.http"
IDEMPOTENT = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE")
ALL = {"numerator": 100, "denominator": "HUNDRED"}

Json = dict[str, Any]


def envoy_configuration(configuration: Configuration) -> dict[str, str]:
    """Return Envoy's files by their names; `{port}` and `{directory}` are still to be filled in.

    Args:
        configuration: What the gateway is told. Envoy composes no answers; its figures can be read where it is administered.
    """
    told = configuration.authentication
    keys = [{**key, "kid": name, "alg": "ES256", "use": "sig"} for name, key in told.keys.items()]
    text = Path(__file__).with_name("envoy.yaml").read_text()
    gaps = {
        "issuer": json.dumps(told.issuer),
        "audience": json.dumps(told.audience),
        "keys": json.dumps({"keys": keys}),
        "body_bytes": configuration.body_bytes,
    }
    for name, value in gaps.items():
        text = text.replace(f"{{{name}}}", str(value))
    return {"envoy.yaml": text, **envoy_resources(configuration)}


def envoy_resources(configuration: Configuration) -> dict[str, str]:
    """Return the files that Envoy reads again while it runs."""
    routes = sorted(configuration.routes, key=lambda route: -len(route.path))
    everything = {
        "name": "routes",
        "virtual_hosts": [
            {
                "name": "gateway",
                "domains": ["*"],
                "routes": [one for route in routes for one in _routes(configuration, route)],
                "request_headers_to_remove": ["authorization"],
                "response_headers_to_add": [{"header": {"key": "vary", "value": "Origin"}}],
                "response_headers_to_remove": ["server", "x-powered-by", "x-envoy-upstream-service-time"],
                "typed_per_filter_config": {
                    f"{FILTERS}.cors": {
                        "@type": f"{CONFIGURATIONS}.cors.v3.CorsPolicy",
                        "allow_origin_string_match": [{"exact": origin} for origin in configuration.origins],
                        "allow_methods": "GET, HEAD, POST, PUT, DELETE",
                        "allow_headers": "authorization, content-type",
                        "max_age": "600",
                    }
                },
            }
        ],
    }
    clusters = [one for name, service in configuration.services.items() for one in _clusters(name, service)]
    return {
        "routes.json": _resources("envoy.config.route.v3.RouteConfiguration", [everything]),
        "clusters.json": _resources("envoy.config.cluster.v3.Cluster", clusters),
    }


def _resources(kind: str, resources: list[Json]) -> str:
    return json.dumps({"resources": [{"@type": f"type.googleapis.com/{kind}", **one} for one in resources]})


def _routes(configuration: Configuration, route: Route) -> Iterator[Json]:
    """Yield a route for what may be sent twice, one for what may not, and the answer to all other methods."""
    service = configuration.services[route.service]
    filters = dict(_filters(configuration.limit, route))
    for again in (True, False):
        methods = [method for method in route.methods if (method in IDEMPOTENT) is again]
        action: Json = {"timeout": f"{service.response_seconds}s", **_target(route.service, service)}
        if again:
            action["retry_policy"] = {
                "retry_on": "connect-failure,reset",
                "num_retries": service.retries,
                "retry_host_predicate": [
                    {
                        "name": "envoy.retry_host_predicates.previous_hosts",
                        "typed_config": {
                            "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                        },
                    }
                ],
            }
        if route.rewrite:
            action["prefix_rewrite"] = route.rewrite
        if methods:
            yield {"match": _match(route, methods), "route": action, "typed_per_filter_config": filters}
    preflight = _match(route, ["OPTIONS"], {"name": "access-control-request-method", "present_match": True})
    # Answered by the filter for pages that are known; all others have to say who they are.
    yield {"match": preflight, "route": _target(route.service, service), "typed_per_filter_config": filters}
    yield {
        "match": {"path_separated_prefix": route.path},
        "direct_response": {"status": 405},
        "response_headers_to_add": [{"header": {"key": "allow", "value": ", ".join(sorted(route.methods))}}],
    }


def _match(route: Route, methods: Iterable[str], *more: Json) -> Json:
    told = {"safe_regex": {"regex": "|".join(methods)}}
    return {"path_separated_prefix": route.path, "headers": [{"name": ":method", "string_match": told}, *more]}


def _target(name: str, service: Service) -> Json:
    if not service.canary:
        return {"cluster": name}
    part = round(100 * service.canary_percent)
    clusters = [{"name": f"{name} canary", "weight": part}, {"name": name, "weight": 10_000 - part}]
    by_user = [{"header": {"header_name": "x-user"}}]
    return {"weighted_clusters": {"clusters": clusters, "use_hash_policy": True}, "hash_policy": by_user}


def _filters(limit: Limit, route: Route) -> Iterator[tuple[str, Json]]:
    """Yield what differs from route to route in the filters that a request passes before it is routed."""
    if not route.public:
        kind = f"{CONFIGURATIONS}.jwt_authn.v3.PerRouteConfig"
        yield f"{FILTERS}.jwt_authn", {"@type": kind, "requirement_name": "caller"}
    if route.scope:
        claim = {
            "filter": f"{FILTERS}.jwt_authn",
            "path": [{"key": "claims"}, {"key": "scope"}],
            "value": {"string_match": {"safe_regex": {"regex": f"(.* )?{route.scope}( .*)?"}}},
        }
        policy = {"permissions": [{"any": True}], "principals": [{"sourced_metadata": {"metadata_matcher": claim}}]}
        kind = f"{CONFIGURATIONS}.rbac.v3.RBACPerRoute"
        yield f"{FILTERS}.rbac", {"@type": kind, "rbac": {"rules": {"policies": {"scope": policy}}}}
    if route.limited:
        bucket = {
            "max_tokens": round(limit.capacity),
            "tokens_per_fill": 1,
            "fill_interval": f"{max(0.05, 1 / limit.rate):.3f}s",
        }
        yield (
            f"{FILTERS}.local_ratelimit",
            {
                "@type": f"{CONFIGURATIONS}.local_ratelimit.v3.LocalRateLimit",
                "stat_prefix": "limit",
                # For all callers together there is no limit; for each there is one, which is made when it first comes.
                "token_bucket": {"max_tokens": 2**31, "tokens_per_fill": 2**31, "fill_interval": "1s"},
                "filter_enabled": {"default_value": ALL},
                "filter_enforced": {"default_value": ALL},
                "rate_limits": [
                    {"actions": [{"request_headers": {"header_name": "x-user", "descriptor_key": "user"}}]}
                ],
                "descriptors": [{"entries": [{"key": "user"}], "token_bucket": bucket}],
                "max_dynamic_descriptors": 10_000,
            },
        )


def _clusters(name: str, service: Service) -> Iterator[Json]:
    yield _cluster(name, service, service.backends)
    if service.canary:
        yield _cluster(f"{name} canary", service, service.canary)


def _cluster(name: str, service: Service, backends: Iterable[str]) -> Json:
    endpoints = []
    for address in backends:
        host, _, port = address.rpartition(":")
        where = {"socket_address": {"address": host, "port_value": int(port)}}
        endpoints.append({"endpoint": {"address": where}})
    return {
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}]},
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},  # who is ejected is not asked, even if all are
        "outlier_detection": {
            "consecutive_gateway_failure": service.max_failures,
            "enforcing_consecutive_gateway_failure": 100,
            "consecutive_5xx": 2**31,
            "base_ejection_time": f"{service.eject_seconds}s",
            "max_ejection_percent": 100,
            "interval": "0.05s",
        },
    }

"""The plug-ins that bring the real world to the tests, one line each."""

import pytest

pytest.register_assert_rewrite("fixtures")

pytest_plugins = [
    "fixtures.options",
    "fixtures.against",
    "fixtures.verdicts",
    "fixtures.until_caught",
    "fixtures.observations",
    "fixtures.ratios",
    "fixtures.eventually",
    "fixtures.clocks",
    "fixtures.links",
    "fixtures.datagrams",
    "fixtures.apps",
    "fixtures.certificates",
    "fixtures.load",
    "fixtures.browser",
    "fixtures.servers.providers",
    "fixtures.servers.redis_server",
    "fixtures.servers.postgres_server",
    "fixtures.servers.nginx_server",
    "fixtures.servers.mongo_server",
    "fixtures.servers.haproxy_server",
    "fixtures.servers.s3_server",
    "fixtures.servers.moto_server",
    "fixtures.servers.varnish_server",
    "fixtures.servers.knot_server",
    "fixtures.servers.etcd_server",
    "fixtures.servers.envoy_server",
    "fixtures.servers.squid_server",
    "fixtures.servers.rabbitmq_server",
]

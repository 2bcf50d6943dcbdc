"""API gateway · one entrance for many services

Problem        Every service would have to know who calls, how often, from which page, with which version; and every client where all
               services are. What is done twenty times is forgotten once.
Idea           One server stands before all: it does once what they all need, and sends on what is left.
Guarantees     What does not say who it is reaches no service, and nobody can say it in the gateway's place. A caller gets its limit and
               no more; a user stays with the version that it was given. One service's trouble is not another's. A new configuration
               drops no request.
Trade-off      One hop more, and one thing more on which everything depends: it has to be fast, and there must be two.
Not shown      TLS; WebSockets; revoking a token before it expires; fetching the issuer's keys; failures told by a status (5xx) as a
               reason to leave a service alone.
Sources        RFC 7519, RFC 8725 §3.1 (tokens, one algorithm); RFC 9457 (problems); RFC 9110 §9.2.2, §15.5 (what may be sent twice,
               refusals); Fetch §3.2 (CORS); Prometheus text format 0.0.4
Implementation src/sysdesign/distributed/api_gateway
Engines        ours · nginx (credentials in a table: its open version verifies no signature) · envoy
"""

import contextlib
import hashlib
import itertools
import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from fixtures.clients import BROWSER, Load, Traffic, connected
from fixtures.endpoints import answering, holding_the_answer, served_endpoints
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.gateways import AUDIENCE, ISSUER, KEY_ID, Issuer, address, gateways, lying, send
from fixtures.links import Link
from fixtures.ratios import cpu_clock, one_core
from sysdesign.distributed.api_gateway import (
    Aggregate,
    Authentication,
    Configuration,
    Limit,
    Register,
    Route,
    Service,
    Unknown,
    in_the_canary,
)

SERVICE = """
server {
    listen {listen};
    keepalive_requests 1000000;
    access_log {directory}/requests;
    add_header X-Powered-By a-framework;
    default_type application/json;
    location / {
        return 200 '{"service": "NAME", "path": "$request_uri", "user": "$http_x_user", "id": "$http_x_request_id"}';
    }
    location /broken { return 444; }
}
"""
"""A service tells what it was asked; below /broken it hangs up unanswered."""

PAGE = "https://shop.example"
KEY = "a-key-for-the-nightly-program-123"
CAPACITY, PER_SECOND = 5, 0.05  # of a caller's bucket: requests, and requests a second
CANARY_PERCENT = 25
USERS = 200  # so many that a share of 25 % is one between 15 and 35
BODY_BYTES = 1_000
RESPONSE_SECONDS = 0.2
MEETING_SECONDS = 2.0
MAX_FAILURES, EJECT_SECONDS = 2, 1.0
CLIENTS = 8
RELOADS = 20
SOON_SECONDS = 0.7  # several times what takes effect at once needs
NGINX_RATIO = 2.0  # of CPU time a request, ours to nginx's at most
CONNECTIONS = 128  # of the clients that measure


@pytest.fixture(scope="module")
def issuer():
    return Issuer()


@pytest.fixture(scope="module")
def alice(issuer):
    return issuer.token("alice", "orders users")


@pytest.fixture(scope="module")
def shop(servers):
    """Three services that no test breaks."""
    with servers.private("nginx") as make:
        yield {name: service(make, name) for name in ("orders", "users", "beta")}


def service(make, name):
    return make(http=SERVICE.replace("NAME", name))


def told(issuer, services, routes, limit=Limit(CAPACITY, PER_SECOND), **more):  # noqa: B008 - it cannot be changed
    programs = {
        hashlib.sha256(key.encode()).hexdigest(): {"name": "nightly", "scopes": ["users"]} for key in (KEY, "short")
    }
    authentication = Authentication(ISSUER, AUDIENCE, {KEY_ID: issuer.jwk}, programs)
    return Configuration(services, routes, authentication, limit, body_bytes=BODY_BYTES, origins=(PAGE,), **more)


def fragile(*backends, **more):
    """A service that is given up soon."""
    soon = {"response_seconds": RESPONSE_SECONDS, "max_failures": MAX_FAILURES, "eject_seconds": EJECT_SECONDS}
    return Service(tuple(map(address, backends)), **{**soon, **more})


@pytest.fixture(scope="module")
def wire(shop):
    """A second way to the users, on which can be heard what the service is told."""
    with contextlib.closing(Link(shop["users"].host, shop["users"].port)) as wire:
        yield wire


@pytest.fixture(scope="module")
def whole(issuer, shop, wire):
    orders, users, beta = map(address, shop.values())
    services = {
        "orders": Service((orders,)),
        "users": Service((users,)),
        "heard": Service((address(wire),)),
        "search": Service((users,), canary=(beta,), canary_percent=CANARY_PERCENT),
    }
    routes = (
        Route("/orders", "orders", methods=("GET", "POST"), rewrite="/v2/orders"),
        Route("/users", "users"),
        Route("/users/all", "users", scope="admin"),
        Route("/help", "users", public=True),
        Route("/heard", "heard"),
        Route("/heard/help", "heard", public=True),
        Route("/limited", "users", limited=True),
        Route("/search", "search"),
    )
    return told(issuer, services, routes, metrics_path="/metrics")


@pytest.fixture(scope="module", params=engines({"ours": None, "nginx": "nginx", "envoy": "envoy"}))
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def make_gateway(engine, servers, issuer):
    with gateways(engine, servers, issuer) as make:
        yield make


@pytest.fixture(scope="module")
def ours(servers, issuer, whole):
    """A gateway of ours before the whole shop."""
    with gateways("ours", servers, issuer) as make:
        yield make(whole)


@pytest.fixture(scope="module")
def many(issuer):
    return {name: issuer.token(name) for name in (f"user-{number}" for number in range(USERS))}


@pytest.fixture(scope="module")
def gateway(request, engine, make_gateway, whole, alice, many):
    """A gateway before the whole shop."""
    return request.getfixturevalue("ours") if engine == "ours" else make_gateway(whole)


def test_one_address_leads_to_every_service(gateway, alice):
    """Whatever service a request is for, it is sent to one address; the service is asked under the path that it knows itself."""
    orders, users = send(gateway, "/orders/17?page=2", alice), send(gateway, "/users/7", alice)

    assert (orders.json["service"], orders.json["path"]) == ("orders", "/v2/orders/17?page=2")
    assert (users.json["service"], users.json["path"]) == ("users", "/users/7")
    assert "x-powered-by" not in orders.headers


def test_services_learn_from_the_gateway_alone_who_calls(gateway, alice, wire):
    """A service is told the caller's name, never its secret; what a client writes into the field of the name itself does not arrive."""
    wire.to_server.recorded.clear()
    forged = {"X-User": "root", "X_User": "root", "x-scopes": "root", "Connection": "X-User"}

    known = send(gateway, "/heard", alice, headers=forged)
    public = send(gateway, "/heard/help", headers=forged)

    assert (known.json["user"], public.json["user"]) == ("alice", "")
    assert wire.to_server.recorded.count(b"GET ") == 2
    assert b"root" not in wire.to_server.recorded
    assert alice.encode() not in wire.to_server.recorded


@pytest.fixture(scope="module")
def wrong_tokens(issuer):
    """Tokens that are wrong, by what is wrong with them."""
    return {
        "no token": "",
        "not a token": "alice",
        "another issuer's key": Issuer().sign(),
        "expired": issuer.sign(exp=int(time.time()) - 60),
        "for another audience": issuer.sign(aud="bank"),
        "by another issuer": issuer.sign(iss="https://elsewhere.example"),
        "without an end": issuer.sign(exp=None),
        "unsigned": issuer.sign(algorithm="none", key=""),
        "signed with the public key as a secret": issuer.sign_with_public_key(),
        "altered": issuer.sign()[:-8] + "AAAAAAAA",
    }


def test_nothing_reaches_a_service_that_does_not_say_who_it_is(gateway, wrong_tokens, shop, observe):
    """Without a token, or with one that is wrong in any way, it is refused, and no service hears of it."""
    log = shop["users"].directory / "requests"
    before = log.read_text().count("\n")
    answers = {name: send(gateway, "/users", token).status for name, token in wrong_tokens.items()}
    reached = log.read_text().count("\n") - before

    observe("unauthenticated requests that reached a service", reached, "requests")
    assert set(answers.values()) <= {401, 403}, answers
    assert reached == 0


@pytest.mark.differs({"envoy": "it answers 403 to a token for another audience"})
def test_whoever_is_not_known_is_told_401_and_how_to_say_who_it_is(gateway, wrong_tokens):
    """Whatever is wrong with a token, the answer is 401, never the 403 of those who are known and may not; and it names the way."""
    answers = {name: send(gateway, "/users", token) for name, token in wrong_tokens.items()}

    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(wrong_tokens, 401)
    assert {answer.headers["www-authenticate"].partition(" ")[0] for answer in answers.values()} == {"Bearer"}


@pytest.mark.differs(dict.fromkeys(("nginx", "envoy"), "it would have to be told the keys, and is told their digests"))
def test_a_program_comes_with_a_key_instead_of_a_token(gateway, alice):
    """A program that was given a key is known by it and may do what was said, no more; a key that nobody has is no key."""
    admitted = send(gateway, "/users", X_API_Key=KEY)
    twice = send(gateway, "/users", alice, X_API_Key=KEY).status
    others = [send(gateway, "/users", X_API_Key=key).status for key in (KEY[:-1] + "0", KEY.swapcase(), "", "short")]

    assert admitted.status == 200
    assert admitted.json["user"] == "nightly"
    assert send(gateway, "/users/all", X_API_Key=KEY).status == 403
    assert (twice, others) == (401, [401] * 4)


def test_a_token_that_is_known_ends_when_it_says(issuer, monkeypatch, clock):
    """A token's signature is checked once, and then it is known; when it expires it is known no longer."""
    import jwt

    checked, really = [], jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *what, **how: checked.append(what) or really(*what, **how))
    clock.now = time.time()
    register = Register(Authentication(ISSUER, AUDIENCE, {KEY_ID: issuer.jwk}), clock)
    token = issuer.sign(exp=int(clock.now) + 60).encode()

    names = {register.by_token(token).name for _ in range(100)}
    clock.advance(61)

    assert (names, len(checked)) == ({"alice"}, 1)
    with pytest.raises(Unknown):
        register.by_token(token)


def test_what_is_refused_is_told_as_a_problem(gateway, alice, shop):
    """An unknown path, a wrong method, a body too large, a caller unknown or without the right: each has its status, as problem+json."""
    answers = {
        404: send(gateway, "/usersx", alice),
        405: send(gateway, "/users", alice, method="DELETE"),
        413: send(gateway, "/orders", alice, method="POST", body=bytes(BODY_BYTES + 1)),
        401: send(gateway, "/users"),
        403: send(gateway, "/users/all", alice),
    }

    assert {status: answer.status for status, answer in answers.items()} == {status: status for status in answers}
    assert {answer.headers["content-type"] for answer in answers.values()} == {"application/problem+json"}
    assert {answer.json["status"] for answer in answers.values()} == set(answers)
    assert answers[405].headers["allow"] == "GET, HEAD"
    assert send(gateway, "/orders", alice, method="POST", body=bytes(BODY_BYTES)).status == 200


@pytest.mark.parametrize("path", ["/help/../users/all", "/help/%2e%2e/users/all", "/help/..%2fusers/all"])
def test_no_path_is_one_for_the_gateway_and_another_for_the_service(gateway, path):
    """A detour in a path opens no door: what stands behind it is refused, and not what it began with allowed."""
    assert send(gateway, path).status in {400, 401, 403}


def test_a_request_has_one_id_from_end_to_end(gateway, alice):
    """The gateway gives every request an id of its own, tells it to the service and to the client, and takes none from outside."""
    answers = [send(gateway, "/users", alice, X_Request_Id="mine") for _ in range(10)]
    ids = {answer.headers["x-request-id"] for answer in answers}

    assert [answer.json["id"] for answer in answers] == [answer.headers["x-request-id"] for answer in answers]
    assert len(ids) == 10
    assert "mine" not in ids
    assert "x-request-id" in send(gateway, "/nowhere", alice).headers


def test_a_request_that_nobody_understands_is_told_nothing_of_the_one_before(ours, alice):
    """What comes next on a connection gets an id of its own, and no page's leave to read, even if it is no request at all."""
    with contextlib.closing(connected(ours)) as kept:
        understood = send(ours, "/users", alice, kept=kept, Origin=PAGE)
        nonsense = send(ours, "/users", kept=kept, method="NONSENSE")

    assert (understood.status, nonsense.status) == (200, 400)
    assert understood.headers["x-request-id"] != nonsense.headers["x-request-id"]
    assert "access-control-allow-origin" not in nonsense.headers


def test_only_known_pages_may_read_the_answers(gateway, alice):
    """A browser that asks whether a page's script may ask is answered without the service, yes for a known page and no for others."""
    asked = {"method": "OPTIONS", "Access_Control_Request_Method": "GET"}
    for page, allowed in ((PAGE, PAGE), ("https://evil.example", None)):
        preflight = send(gateway, "/users", Origin=page, **asked)
        answer = send(gateway, "/users", alice, Origin=page)

        assert preflight.headers.get("access-control-allow-origin") == allowed
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert answer.headers["vary"] == "Origin"


def test_each_caller_has_a_limit_of_its_own(gateway, issuer, many, observe):
    """A caller that asks too often gets 429 after as many requests as its bucket holds; another one's bucket is full all the while."""
    first, second = many["user-0"], many["user-1"]
    statuses = Counter(send(gateway, "/limited", first).status for _ in range(2 * CAPACITY))

    observe("answers to the first caller", str(dict(statuses)))
    assert statuses == {200: CAPACITY, 429: CAPACITY}
    assert send(gateway, "/limited", second).status == 200
    assert send(gateway, "/users", first).status == 200


@pytest.mark.needs("redis")
def test_gateways_share_the_limit_and_say_so_when_they_cannot(issuer, alice, shop, servers, make_redis):
    """Two gateways before one Redis let a caller in as often as one would; without Redis they refuse, and name the reason 503."""
    redis = make_redis()
    limit = Limit(CAPACITY, PER_SECOND, redis=redis.url)
    shared = told(issuer, {"users": fragile(shop["users"])}, (Route("/users", "users", limited=True),), limit)
    with gateways("ours", servers, issuer) as make, ThreadPoolExecutor(2) as pool:
        pair = list(pool.map(make, [shared] * 2))
        statuses = Counter(send(pair[number % 2], "/users", alice).status for number in range(2 * CAPACITY))
        redis.kill()
        without = send(pair[0], "/users", alice).status

    assert statuses == {200: CAPACITY, 429: CAPACITY}
    assert without == 503


def test_a_user_stays_with_the_version_that_it_was_given(gateway, many, observe):
    """A quarter of the users get the new version, the same ones each time they ask."""
    versions = [
        {name: send(gateway, "/search", token).json["service"] for name, token in many.items()} for _ in range(2)
    ]

    share = 100 * Counter(versions[0].values())["beta"] / USERS
    observe("users of the new version", share, "%")
    assert versions[0] == versions[1]
    assert share == pytest.approx(CANARY_PERCENT, abs=10)


def test_a_canary_that_grows_takes_nobody_back():
    """Whoever has the new version keeps it while its part grows, and no two services are tried out on the same users."""
    users = [f"user-{number}" for number in range(10_000)]
    parts = [{user for user in users if in_the_canary(user, "search", percent)} for percent in (0, 5, 25, 100)]
    others = {user for user in users if in_the_canary(user, "orders", 5)}

    assert [len(part) / 100 for part in parts] == pytest.approx([0, 5, 25, 100], abs=1)
    assert parts == sorted(parts, key=len)
    assert all(small <= large for small, large in itertools.pairwise(parts))
    assert len(others & parts[1]) < len(parts[1]) / 4


def answering_json(name):
    """An application that says whom it is from."""
    from werkzeug.wrappers import Response

    return Response(f'{{"from": "{name}"}}', content_type="application/json")


def meeting_the_others(meeting, spans, name):
    """A step that answers when all have been asked, and notes from when to when it was at work."""

    def step(application, environ):
        begin = time.monotonic()
        meeting.wait(MEETING_SECONDS)
        spans[name] = (begin, time.monotonic())
        return application

    return step


@pytest.fixture(scope="module")
def frail(make_gateway, issuer, servers):
    """A gateway before services that come to grief when a test wants it: each belongs to one test, or has its answers planned."""
    with served_endpoints() as make_endpoint, servers.private("nginx") as make, lying() as liar:
        endpoints = [make_endpoint(answering_json(name)) for name in ("user", "orders", "offers")]
        pair, slow = [service(make, name) for name in ("one", "two")], service(make, "slow")
        services = {name: Service((address(one),)) for name, one in zip("abc", endpoints, strict=True)}
        services |= {"slow": fragile(slow, retries=0), "liar": fragile(liar), "pay": fragile(*pair, max_failures=1_000)}
        routes = [Route(f"/{name}", name) for name in ("a", "b", "c", "slow", "pay")]
        routes += [Route("/broken", "pay", methods=("GET", "POST")), Route("/short", "liar"), Route("/long", "liar")]
        aggregate = Aggregate("/home", {"user": "/a", "orders": "/b", "offers": "/c"}, seconds=2 * MEETING_SECONDS)
        gateway = make_gateway(told(issuer, services, tuple(routes), aggregates=(aggregate,)))
        yield SimpleNamespace(gateway=gateway, endpoints=endpoints, pair=pair, slow=slow)


@pytest.fixture
def home(frail):
    """A gateway with an answer put together from those of three services, and these, for which nothing is planned yet."""
    for endpoint in frail.endpoints:
        endpoint.plan = iter(())
    return frail.gateway, frail.endpoints


NO_COMPOSING = {"nginx": "it composes no answers", "envoy": "it composes no answers"}


@pytest.mark.differs(NO_COMPOSING)
def test_an_answer_of_three_takes_as_long_as_the_slowest(home, alice, draw):
    """Three services are asked at the same time: each waits until all have been asked, and the client has waited once."""
    gateway, endpoints = home
    meeting, begin = threading.Barrier(len(endpoints)), time.monotonic()
    spans = {}
    for name, one in zip(("user", "orders", "offers"), endpoints, strict=True):
        one.plan = iter([meeting_the_others(meeting, spans, name)])

    answer = send(gateway, "/home", alice)
    lanes = {"client": (begin, time.monotonic()), **dict(sorted(spans.items()))}
    draw.timeline(
        "The path of one request",
        "The client waits once; the gateway asks three services at the same time.",
        [
            {"name": lane, "spans": [{"from": a - begin, "to": b - begin, "label": lane, "kind": "wait"}]}
            for lane, (a, b) in lanes.items()
        ],
    )
    assert answer.status == 200
    assert answer.json == {name: {"from": name} for name in ("user", "orders", "offers")}


@pytest.mark.differs(NO_COMPOSING)
def test_one_round_trip_gets_what_takes_three_without_the_gateway_s_help(home, alice, link, observe):
    """A client that asks for the three parts itself gets the same, by three round trips instead of one."""
    gateway, _ = home
    asked = {"one by one": {"/a": "user", "/b": "orders", "/c": "offers"}, "together": {"/home": None}}
    wires = {way: link(gateway) for way in asked}
    parts = {name: send(wires["one by one"], path, alice).json for path, name in asked["one by one"].items()}
    whole = send(wires["together"], "/home", alice).json
    trips = {way: wire.to_server.recorded.count(b"GET ") for way, wire in wires.items()}

    observe("round trips of the client for three answers", f"{trips['together']} against {trips['one by one']}")
    assert whole == parts
    assert trips == {way: len(paths) for way, paths in asked.items()}


@pytest.mark.differs(NO_COMPOSING)
def test_what_is_missing_is_left_out_and_named(home, alice):
    """When one of three services fails, the two other answers come all the same, and the failure is told."""
    gateway, endpoints = home
    endpoints[1].plan = iter([answering(500)])

    answer = send(gateway, "/home", alice)

    assert answer.status == 200
    assert answer.json["user"] == {"from": "user"}
    assert (answer.json["orders"], answer.json["errors"]) == (None, {"orders": {"status": 500}})


def test_a_dead_server_costs_no_get_and_no_post_is_sent_twice(frail, alice, observe):
    """When one of two servers dies each GET is answered by the other; a POST whose answer is lost is not sent again."""
    posts = [send(frail.gateway, "/broken", alice, method="POST", body=b"1").status for _ in range(4)]
    seen = sum((one.directory / "requests").read_text().count("POST") for one in frail.pair)
    frail.pair[0].kill()
    gets = [send(frail.gateway, "/pay", alice).status for _ in range(10)]

    observe("POSTs seen by services, of 4", seen, "requests")
    assert set(posts) <= {502, 503}
    assert seen == 4
    assert gets == [200] * 10


@pytest.mark.differs({"nginx": "it never gives up the only server of a service"})
def test_a_service_that_hangs_is_left_alone_and_harms_no_other(frail, home, alice, observe):
    """Who asks a service that hangs waits for its time limit; after some failures nobody waits, and other services never did."""
    gateway, _ = home
    assert send(gateway, "/slow", alice).status == 200

    frail.slow.pause()
    first = [send(gateway, "/slow", alice).status for _ in range(MAX_FAILURES)]
    after = eventually(lambda: send(gateway, "/slow", alice).status == 503, within=SOON_SECONDS)
    others = [send(gateway, "/a", alice).status for _ in range(10)]
    frail.slow.resume()
    back = eventually(lambda: send(gateway, "/slow", alice).status == 200)

    observe("answers while it hangs", str(first))
    assert first == [504] * MAX_FAILURES
    assert after
    assert others == [200] * 10
    assert back


def test_a_service_that_lies_about_its_length_deceives_nobody(frail, alice):
    """An answer shorter than it says ends in an error; of one that is longer, the rest never becomes the answer to another request."""
    short = send(frail.gateway, "/short", alice)
    longer = [send(frail.gateway, "/long", alice) for _ in range(3)]

    assert short.status in {0, 502}
    assert {answer.body for answer in longer if answer.status == 200} <= {b"hello"}
    assert b"forged" not in b"".join(answer.body for answer in longer)


def test_a_new_configuration_drops_no_request(make_gateway, issuer, alice, shop, observe):
    """While the configuration changes twenty times under load, every request is answered, and each change takes effect."""
    one, other = (
        told(issuer, {"users": Service((address(shop[name]),))}, (Route("/users", "users"),))
        for name in ("users", "beta")
    )
    gateway, fields = make_gateway(one), {"Authorization": f"Bearer {alice}"}
    with Traffic(gateway, CLIENTS, keep=gateway.keep, path="/users", headers=fields) as traffic:
        for number in range(RELOADS):
            name = ("beta", "users")[number % 2]
            gateway.reload((other, one)[number % 2])
            eventually(lambda name=name: send(gateway, "/users", alice).json["service"] == name)
        traffic.goes_on()

    observe(f"requests dropped over {RELOADS} reloads", len(traffic.failed), "requests")
    assert traffic.failed == []


def test_a_configuration_with_a_mistake_changes_nothing(ours, alice, whole):
    """A configuration that leads nowhere is refused as a whole, and requests go on by the one before."""
    mistaken = '{"services": {}, "routes": [{"path": "/", "service": "a"}]}'
    (ours.server.directory / "gateway.json").write_text(mistaken)
    os.kill(ours.pids[0], signal.SIGHUP)
    told_so = eventually(lambda: 'gateway_reloads_total{result="refused"} 1.0' in ours.metrics())
    answer = send(ours, "/users", alice)
    ours.reload(whole)

    assert told_so
    assert answer.status == 200


def test_a_gateway_that_is_restarted_instead_loses_what_is_under_way(make_gateway, issuer, alice):
    """Counterexample: a request that is under way when the gateway is restarted is lost; a new configuration lets it end."""
    outcomes = []
    with served_endpoints() as make, ThreadPoolExecutor(1) as pool:
        slow = make(answering_json("slow"))
        settings = told(issuer, {"slow": Service((address(slow),))}, (Route("/slow", "slow"),))
        gateway = make_gateway(settings)
        for interrupt in (lambda: gateway.reload(settings), gateway.server.kill):
            gate, before = threading.Event(), len(slow.requests)
            slow.plan = iter([holding_the_answer(gate)])
            waiting = pool.submit(send, gateway, "/slow", alice)
            eventually(lambda before=before: len(slow.requests) > before)
            interrupt()
            gate.set()
            outcomes.append(waiting.result().status)

    assert outcomes == [200, 0]


@pytest.mark.differs({"nginx": "its open version has no figures to read"})
def test_what_passes_is_counted_by_its_outcome(gateway, alice):
    """Whoever watches the gateway reads in Prometheus's format how many requests were refused."""
    assert gateway.metrics()
    before = refusals(gateway)
    for _ in range(3):
        send(gateway, "/nowhere", alice)

    assert eventually(lambda: refusals(gateway) == before + 3, within=SOON_SECONDS)


def refusals(gateway):
    from prometheus_client.parser import text_string_to_metric_families

    names = {"gateway_requests": "status", "envoy_http_downstream_rq_xx": "envoy_response_code_class"}
    samples = [one for family in text_string_to_metric_families(gateway.metrics()) for one in family.samples]
    named = [(one.labels.get(names.get(one.name.removesuffix("_total"), ""), ""), one.value) for one in samples]
    return sum(value for status, value in named if status.startswith("4"))


def test_a_request_costs_at_most_twice_what_it_costs_in_nginx(servers, issuer, alice, shop, ratio):
    """With routing, authentication and a limit on, a request takes at most twice the CPU time that it takes in nginx."""
    much = Limit(10**6, 10**5)
    routes = (Route("/products", "users", limited=True), Route("/orders", "users", methods=("GET", "POST")))
    settings = told(issuer, {"users": Service((address(shop["users"]),))}, routes, much)
    request = BROWSER.replace(b"\r\n\r\n", f"\r\nAuthorization: Bearer {alice}\r\n\r\n".encode())
    with (
        ExitStack() as stack,
        ThreadPoolExecutor(1) as elsewhere,
    ):  # so that this thread's clock counts no client's work
        pair = [stack.enter_context(gateways(engine, servers, issuer))(settings) for engine in ("ours", "nginx")]
        with one_core(shop["users"], *pair):
            loads = [stack.enter_context(Load(one, request, b'"}', CONNECTIONS)) for one in pair]
            runs = [lambda load=load: elsewhere.submit(load, 2 * CONNECTIONS).result() for load in loads]
            cost = ratio(
                "ours ÷ nginx, CPU time a request", *runs, clock=cpu_clock(*pair), slice_seconds=0.015, pairs=31
            )

    assert cost.high <= NGINX_RATIO


@pytest.mark.benchmark(group="one request through a gateway")
def test_the_cost_of_one_request(gateway, alice, benchmark):
    """What one request through each gateway costs a client that keeps its connection."""
    with contextlib.closing(connected(gateway)) as connection:
        assert benchmark(send, gateway, "/users", alice, kept=connection).status == 200

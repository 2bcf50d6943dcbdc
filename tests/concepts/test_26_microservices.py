"""Microservices · one shop as three services

Problem        In one program with one database every change waits for every other, and one fault takes all of it down.
Idea           Users, orders and payments are programs with a database each. They ask each other over HTTP, within limits,
               and tell each other what has happened by a queue.
Guarantees     An order is done in all services or undone in all, whichever of them dies, and at whichever step, once the
               dead are back. Who is down or slow takes its own feature with it and no other. No database can be opened by another service.
Trade-off      What was one transaction is messages, each at least once, and steps that must be undone by hand: an order is
               pending for a while. Names, deadlines, limits, traces and contracts are work that a monolith does not need.
Not shown      Who may call whom (mutual TLS, tokens); the trimming of stream, inbox and outbox; events that no handler can
               stomach (27); old and new versions side by side (10); a stream that loses what it has confirmed.
Sources        Garcia-Molina and Salem, Sagas (1987); W3C Trace Context; gRPC, Deadlines; Nygard, Release It! (2007);
               Google, Site Reliability Engineering, ch. 22 (retry budgets); Pact (consumer-driven contracts)
Implementation src/sysdesign/distributed/microservices
Engines        processes · containers; sqlite · postgres
"""

import itertools
import json
import secrets
import signal
import threading
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from datetime import datetime

import psutil
import pytest
from werkzeug.wrappers import Response

from fixtures import deployments, endpoints
from fixtures.deaths import doomed
from fixtures.deployments import MODULE
from fixtures.endpoints import answering
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.shops import BALANCE, CREDIT, PATIENCE_SECONDS, Parts, Shop
from sysdesign.distributed.microservices import (
    CONTRACTS,
    HEADER,
    NAMES,
    Calls,
    Deadline,
    DeadlineExceededError,
    Directory,
    Event,
    Policy,
    UnavailableError,
    connect,
    create_monolith,
    mismatches,
)
from sysdesign.distributed.webhooks import open_store

WATCHED_SECONDS = 0.3  # how long nothing must happen: long enough for a wrong thing to happen on a busy machine
PROMPT_SECONDS = 3.0  # how long what must happen may take, on a busy machine
ORDERS = 8  # placed one after the other, by chance of every kind
THREADS, CONCURRENT = 8, 4  # of a service, and of its calls to one neighbour
FAILURES, PROBE_SECONDS, DEAD_SECONDS = 3, 10.0, 60
LAYERS, ATTEMPTS, RETRY_RATIO, CALLS = 3, 3, 0.1, 12
STORM_LIMIT = 1.5  # requests at the leaf for each call, with budgets: (1 + RETRY_RATIO)³, and what is saved up at first
BUDGET_MS = 4_000
COST_RATIO = 2.0  # of the time that the monolith takes; without any network between the services
DEAD_AT_FIRST = 3  # attempts that may die before there is an order
PRELOAD = ["fixtures.shops", "opentelemetry.propagate", "opentelemetry.trace", "psycopg"]
STEPS = "begin handle add first publish mark acknowledge"
BUDGET = "deadline.budget_ms"
PAID = "INSERT INTO payments (order_id, user_id, amount) VALUES ('tea', 'ada', 30)"
ONCE = Policy(attempts=1)


def pytest_generate_tests(metafunc):
    """Let the shop run as what the session's servers run as."""
    if "shop" in metafunc.fixturenames:
        names = engines(dict.fromkeys(deployments.engine_names(metafunc.config)))
        metafunc.parametrize("shop", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def shop(request, servers, redis_server, postgres_server):
    """A shop of three services; whoever breaks one mends it."""
    with ExitStack() as stack:
        if request.param == "processes":
            deployment = stack.enter_context(deployments.in_processes(NAMES, redis_server, postgres_server))
        else:
            deployment = stack.enter_context(deployments.in_containers(NAMES, servers))
        yield stack.enter_context(Shop(deployment))


@pytest.fixture(scope="module", params=engines({"sqlite": None, "postgres": "postgres"}))
def databases(request, tmp_path_factory):
    """The URLs of three empty databases on the engine."""
    if request.param == "sqlite":
        folder = tmp_path_factory.mktemp("databases")
        yield {name: f"sqlite:///{folder}/{name}.db" for name in NAMES}
    else:
        with deployments.databases_on(request.getfixturevalue("postgres_server"), NAMES) as urls:
            yield urls


@pytest.fixture
def namespace(redis_server):
    """The beginning of the names of all keys that a test has in Redis."""
    with deployments.namespace_on(redis_server) as name:
        yield name


@pytest.fixture
def parts(databases, redis_server, namespace):
    """The three services in this process, which work when they are told to."""
    with Parts(databases, redis_server.url, namespace) as parts:
        yield parts


@pytest.fixture
def small_parts(tmp_path, redis_server, namespace):
    """A factory of services in this process, each on a new SQLite file, that may call others."""
    with ExitStack() as stack:

        def make(**calls):
            folder = tmp_path / uuid.uuid4().hex
            folder.mkdir()
            urls = {name: f"sqlite:///{folder}/{name}.db" for name in NAMES}
            return stack.enter_context(Parts(urls, redis_server.url, namespace, calls))

        yield make


@pytest.fixture
def endpoint():
    """A factory of endpoints: `endpoint(application)`."""
    with endpoints.served_endpoints() as make:
        yield make


def half_done(parts):
    """Return the orders that are neither done in all services nor undone in all."""
    reserved = dict(parts.rows("users", "SELECT order_id, amount FROM reservations"))
    paid = dict(parts.rows("payments", "SELECT order_id, amount FROM payments"))
    wrong = []
    for order, amount, state in parts.rows("orders", "SELECT id, amount, state FROM orders"):
        expected = {"done": (amount, amount), "undone": (None, None)}.get(state)
        if (reserved.get(order), paid.get(order)) != expected:
            wrong.append((order, state, reserved.get(order), paid.get(order)))
    return wrong


def test_an_order_is_done_when_all_three_services_have_done_their_part(shop):
    """An order is taken on at once, and is done when credit is reserved in one service and money was paid in another."""
    user = shop.welcome()
    done = shop.settled(shop.order(user, 30))
    again = shop.ask("orders", "PUT", f"/orders/{done['order']}", {"user": user, "amount": 30}).status_code
    other = shop.ask("orders", "PUT", f"/orders/{done['order']}", {"user": user, "amount": 31}).status_code

    assert (done["state"], done["missing"], done["user"]["name"], done["payment"]["amount"]) == ("done", [], "Ada", 30)
    assert (done["user"]["credit"], shop.ask("payments", "GET", f"/accounts/{user}").json()["balance"]) == (70, 40)
    assert (again, other) == (202, 409)


def test_what_cannot_be_paid_is_undone_everywhere(shop):
    """An order whose payment is refused is undone, and the credit that another service had reserved for it is given back."""
    user = shop.welcome()
    unpaid, too_much = (shop.settled(shop.order(user, amount)) for amount in (BALANCE + 1, CREDIT + 1))

    assert (unpaid["state"], unpaid["why"], unpaid["payment"]) == ("undone", "not enough money", None)
    assert (too_much["state"], too_much["why"]) == ("undone", "not enough credit")
    assert too_much["user"]["credit"] == CREDIT


def test_the_monolith_gives_the_same_answers(shop, chance, thoroughness, tmp_path, observe):
    """Whatever is asked for in whatever sequence, three services come to the same answers as one program with one database."""
    services, whole = [], []
    users = [f"ada-{secrets.token_hex(4)}" for _ in range(3)]
    orders = [f"order-{secrets.token_hex(4)}" for _ in range(ORDERS * thoroughness)]
    asked = [request for order in orders for request in requests(order, users, chance)]
    with closing(open_store(f"sqlite:///{tmp_path}/shop.db")) as store:
        monolith = create_monolith(store).test_client()
        for service, method, path, told in asked:
            if method == "GET" and path.rpartition("/")[2] in orders:
                eventually(lambda: shop.ask("orders", "GET", path).json().get("state") != "pending")  # noqa: B023
            one, other = shop.ask(service, method, path, told), monolith.open(path, method=method, json=told)
            services.append((method, path, one.status_code, one.json()))
            whole.append((method, path, other.status_code, other.json))

    observe("answers compared", len(asked), "answers")
    assert services == whole


def requests(order, users, chance):
    """Return what a customer may ask for around an order: sensible or not, again or anew."""
    user = chance.choice([*users, "nobody", "no name"])
    amount = chance.choice([1, 20, 30, BALANCE + 1, CREDIT + 1, 0, -1, 1.5, "1", None])
    yield "users", "PUT", f"/users/{user}", {"name": "Ada", "credit": chance.choice([CREDIT, -1])}
    if chance.random() < 0.8:
        yield "payments", "PUT", f"/accounts/{user}", {"balance": BALANCE}
    yield "orders", "PUT", f"/orders/{order}", {"user": user, "amount": amount}
    yield "orders", "GET", f"/orders/{order}", None
    yield "orders", "GET", f"/orders/{order}/invoice", None
    yield "payments", "GET", f"/payments/{order}", None
    yield "users", "GET", f"/users/{user}", None


def test_no_service_can_open_anothers_database(shop, observe):
    """Each service has credentials for its own database, and with them it can open no other."""
    import psycopg

    urls, opened = shop.deployment.databases, set()
    for service, database in itertools.product(NAMES, NAMES):
        target = f"{urls[service].rpartition('/')[0]}/{urls[database].rpartition('/')[2]}"
        with suppress(psycopg.OperationalError), psycopg.connect(target):
            opened.add((service, database))

    observe("pairs of service and database that go together", len(opened), "pairs")
    assert opened == {(name, name) for name in NAMES}


def test_one_order_is_one_trace_through_all_services(shop, draw, observe):
    """All that is done for an order, also what the queue sets off, belongs to the one trace that its customer began."""
    trace, customer, user = secrets.token_hex(16), secrets.token_hex(8), shop.welcome()
    order = shop.order(user, 30, traceparent=f"00-{trace}-{customer}-01")
    shop.settled(order)
    shop.ask("orders", "GET", f"/orders/{order}/invoice", traceparent=f"00-{trace}-{customer}-01")
    kinds = {"SpanKind.SERVER": 4, "SpanKind.CLIENT": 2, "SpanKind.CONSUMER": 3}
    eventually(lambda: Counter(span["kind"] for span in shop.spans(trace)) == kinds, within=5)
    spans = shop.spans(trace)
    known = {span["context"]["span_id"] for span in spans} | {f"0x{customer}"}

    lanes = [{"name": name, "spans": on_the_clock(spans, name)} for name in NAMES]
    draw.timeline("The trace of one order", "An order goes by the queue, its invoice by calls.", lanes, "time [ms]")
    observe("spans of one order", len(spans), "spans")
    assert {service_of(span) for span in spans} == set(NAMES)
    assert {span["parent_id"] for span in spans} <= known


def on_the_clock(spans, service):
    """Return a service's spans for a picture, in milliseconds since the first of all."""
    at = lambda span, end: datetime.fromisoformat(span[f"{end}_time"]).timestamp() * 1000
    begin = min(at(span, "start") for span in spans)
    kinds = {"SERVER": "request", "CLIENT": "wait", "CONSUMER": "effect"}
    return [
        {"from": at(span, "start") - begin, "to": at(span, "end") - begin, "label": span["name"], "kind": kinds[kind]}
        for span in spans
        if service_of(span) == service and (kind := span["kind"].removeprefix("SpanKind.")) in kinds
    ]


def service_of(span):
    return span["resource"]["attributes"]["service.name"]


def test_each_hop_has_less_time_than_the_one_before(shop, observe):
    """A deadline passes on: each service is told what is left of the customer's time, and does nothing when it is over."""
    trace, late = secrets.token_hex(16), secrets.token_hex(16)
    order = shop.settled(shop.order(shop.welcome(), 30))["order"]
    for budget, one in ((BUDGET_MS, trace), (0, late)):
        fields = {HEADER: str(budget), "traceparent": f"00-{one}-{'1' * 16}-01"}
        answer = shop.ask("orders", "GET", f"/orders/{order}/invoice", **fields)
    hops = eventually(lambda: len(found := budgets(shop.spans(trace))) == len(NAMES) and found)

    observe(
        "milliseconds left at orders, payments and users",
        str([round(hops[name]) for name in ("orders", "payments", "users")]),
    )
    assert BUDGET_MS >= hops["orders"] > hops["payments"] > hops["users"] > 0
    assert (answer.status_code, {service_of(span) for span in shop.spans(late)}) == (504, {"orders"})


def budgets(spans):
    """Return what was left at each service, in milliseconds."""
    return {service_of(span): span["attributes"][BUDGET] for span in spans if BUDGET in span["attributes"]}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.name)
def test_a_provider_gives_what_its_consumers_have_recorded(small_parts, contract):
    """Each answer and each event that a consumer leans on is held against its provider, alone, before it is deployed."""
    parts = small_parts()
    provider, api = parts.services[contract.provider], parts.apis[contract.provider]
    for step in contract.given:
        if "event" in step:
            provider.handle(Event(uuid.uuid4().hex, *step["event"]))
        else:
            method, path, told = step["request"]
            assert api.open(path, method=method, json=told).status_code < 300
    if contract.request:
        method, path = contract.request
        expected, given = contract.answer, api.open(path, method=method).json
    else:
        kind, expected = contract.event
        given = dict(parts.told(contract.provider)).get(kind)

    assert mismatches(expected, given) == []


def test_a_consumer_gets_along_with_what_it_has_recorded(small_parts, endpoint):
    """Each consumer works with the recorded answers alone, and asks for nothing else: else its contracts would be too small."""
    stubs = {name: endpoint(recorded(name)) for name in NAMES}
    parts = small_parts(**dict.fromkeys(NAMES, Calls(lambda name: [stubs[name].url], ONCE)))
    parts.order(("tea", "ada", 30))
    parts.services["payments"].begin(lambda execute, _: execute(PAID) and [], {})
    shown, invoice = (
        parts.apis[service].get(path).json
        for service, path in (("orders", "/orders/tea"), ("payments", "/payments/tea/invoice"))
    )

    assert (shown["missing"], shown["user"]["name"], shown["payment"]["amount"]) == ([], "Ada", 30)
    assert invoice["name"] == "Ada"


def test_a_consumer_understands_the_events_that_it_has_recorded(small_parts):
    """Each kind of event that sets off a step is recorded by its consumer, who needs no more of it than was recorded."""
    told = [(contract.consumer, *contract.event) for contract in CONTRACTS if contract.event]
    for consumer, kind, data in told:
        parts = small_parts()
        parts.order(("tea", "ada", 30))
        parts.services[consumer].handle(Event(uuid.uuid4().hex, kind, data))

    expected = {(name, kind) for name, service in parts.services.items() for kind in service.steps}
    assert {(consumer, kind) for consumer, kind, _ in told} == expected


def recorded(provider):
    """Return an application that knows nothing but the answers that were recorded of a provider."""
    answers = {}
    for contract in CONTRACTS:
        if contract.request and contract.provider == provider:
            answers.setdefault(tuple(contract.request), []).append(contract.answer)

    def answer(environ, start_response):
        found = answers.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        body = found and dict(set.intersection(*(set(one.items()) for one in found)))
        start_response("200 OK" if found else "501 not recorded", [("Content-Type", "application/json")])
        return [json.dumps(body).encode()]

    return answer


def test_each_committed_event_is_published_once_and_no_other(parts, observe):
    """What is committed is told, what is undone is not: the queue holds the rows of the outboxes and nothing else."""
    user = f"ada-{secrets.token_hex(4)}"
    parts.welcome(user)
    before = sum(len(parts.told(name)) for name in NAMES)
    with suppress(ZeroDivisionError):
        parts.services["orders"].begin(lambda *_: [("order.placed", {"order": 1 / 0})], {})
    with suppress(ZeroDivisionError), parts.stores["orders"].transaction() as execute:
        parts.services["orders"].outbox.add(execute, "order.placed", {"order": "none", "user": user, "amount": 1})
        1 / 0  # noqa: B018
    parts.order((f"done-{user}", user, 30), (f"undone-{user}", user, BALANCE))
    parts.work_off()
    rows = sum(len(parts.told(name)) for name in NAMES) - before

    observe("rows committed and messages published", f"{rows}, {parts.redis.xlen(parts.broker.stream)}")
    assert parts.redis.xlen(parts.broker.stream) == rows == 3 + 4
    assert half_done(parts) == []


def test_who_publishes_before_the_commit_tells_of_an_order_that_never_was(parts):
    """Counterexample: told at once and undone a moment later, an order that does not exist is reserved and paid."""
    user = f"ada-{secrets.token_hex(4)}"
    parts.welcome(user)
    with suppress(ZeroDivisionError), parts.stores["orders"].transaction() as execute:
        order = {"order": f"never-{user}", "user": user, "amount": 30}
        execute("INSERT INTO orders (id, user_id, amount) VALUES (%s, %s, %s)", *order.values())
        parts.broker.publish(Event(uuid.uuid4().hex, "order.placed", order))
        1 / 0  # noqa: B018
    parts.work_off()

    assert parts.rows("orders", f"SELECT id FROM orders WHERE user_id = '{user}'") == []
    assert parts.rows("payments", f"SELECT amount FROM payments WHERE user_id = '{user}'") == [(30,)]


def test_an_event_that_comes_twice_has_one_effect(parts):
    """An event that is published again, or read again, changes nothing the second time, and nothing is told of it."""
    user = f"ada-{secrets.token_hex(4)}"
    parts.welcome(user)
    order = {"order": f"tea-{user}", "user": user, "amount": 30}
    reserve = Event(uuid.uuid4().hex, "order.placed", order)
    release = Event(uuid.uuid4().hex, "payment.refused", {**order, "why": "not enough money"})
    for event in (reserve, release, release):
        parts.broker.publish(event)
        parts.services["users"].work()

    assert parts.rows("users", f"SELECT credit FROM users WHERE id = '{user}'") == [(CREDIT,)]
    told = [kind for kind, data in parts.told("users") if data["order"] == order["order"]]
    assert told == ["credit.reserved", "credit.released"]


def test_a_saga_killed_behind_any_step_ends_done_or_undone(kill_behind, parts, observe):
    """Whatever step of an order all services die behind, once they are back it is done everywhere or undone everywhere."""
    user, wrong, killed = f"ada-{secrets.token_hex(4)}", {}, 0
    parts.welcome(user, credit=10**6, balance=10**5)
    for step in kill_behind(lambda n: [(f"done-{n}", user, 1), (f"undone-{n}", user, 10**5)]):
        parts.work_off()
        killed += 1
        if left := half_done(parts):
            wrong[step] = left

    states = Counter(state for (state,) in parts.rows("orders", f"SELECT state FROM orders WHERE user_id = '{user}'"))
    observe("steps of the saga", step - 1, "steps")
    observe("orders after so many deaths", f"{killed - 1} deaths: {dict(states)}, half done {len(wrong)}")
    assert wrong == {}
    assert min(states["done"], states["undone"]) >= killed - DEAD_AT_FIRST


@pytest.fixture
def kill_behind(databases, redis_server, namespace, thoroughness):
    """`kill_behind(orders)` lets all services die behind a step, then behind a later one, until they survive; yields the steps.

    On SQLite that is every step; on PostgreSQL, whose processes take longer to begin, every sixth in the quick profile.
    """
    stride = 6 if thoroughness == 1 and databases["users"].startswith("postgresql") else 1
    stage = f"__import__({Parts.__module__!r}, fromlist=['Parts'])"
    live = f"{stage}.Parts({databases}, {redis_server.url!r}, {namespace!r}).live"
    with doomed(MODULE, STEPS, ["Service", "Outbox", "Inbox", "Broker"], PRELOAD) as process:

        def steps(orders):
            for step in itertools.count(1, stride):
                ended = process.attempt(f"{live}({orders(step)})", behind=step)
                assert ended in {-signal.SIGKILL, 0}
                yield step
                if ended == 0:
                    return

        yield steps


def test_services_killed_while_they_work_leave_no_order_half_done(shop, thoroughness, observe):
    """Whichever service is killed while orders are under way, all orders end, and none is paid in part."""
    user, orders = shop.welcome(credit=10**6, balance=10**3), []
    for victim in NAMES * thoroughness:
        service = shop.services[victim]
        orders += [shop.order(user, amount) for amount in (1, 10**5, 1)]
        service.kill()
        if victim != "orders":
            orders += [shop.order(user, amount) for amount in (1, 10**5)]
        service.start()
        shop.complete()
    shown = [shop.settled(order) for order in orders]
    done = sum(one["amount"] for one in shown if one["state"] == "done")

    observe("orders, and kills", f"{len(orders)}, {len(NAMES) * thoroughness}")
    assert {(one["amount"], one["state"]) for one in shown} == {(1, "done"), (10**5, "undone")}
    assert shop.ask("users", "GET", f"/users/{user}").json()["credit"] == 10**6 - done
    assert shop.ask("payments", "GET", f"/accounts/{user}").json()["balance"] == 10**3 - done


@pytest.mark.parametrize(("down", "known"), [("payments", "user"), ("users", "payment")], ids=["payments", "users"])
def test_with_one_service_down_the_others_go_on_and_say_what_is_missing(shop, down, known):
    """While one service is dead, orders are still taken and shown, answers name what is missing, and it is made good later."""
    user = shop.welcome()
    old = shop.settled(shop.order(user, 20))["order"]
    shop.services[down].kill()
    try:
        new, shown = shop.order(user, 20), shop.show(old)
        invoice = shop.ask("orders", "GET", f"/orders/{old}/invoice")
    finally:
        shop.services[down].start()
    shop.complete()

    assert (shown["state"], shown["missing"], bool(shown[known])) == ("done", [down], True)
    assert (invoice.status_code, invoice.json()["status"]) == (503, 503)
    assert shop.settled(new)["state"] == "done"


def test_a_slow_service_takes_one_feature_with_it_and_no_other(shop, program, observe):
    """Calls to a service that does not answer hold a few threads, and all else goes on; without that limit they hold all."""
    order = shop.settled(shop.order(shop.welcome(), 20))["order"]
    variables = {"DATABASE": shop.deployment.databases["orders"], "BROKER": shop.deployment.broker}
    environment = {f"MICROSERVICES_{name}": value for name, value in variables.items()}
    environment["MICROSERVICES_NAMESPACE"] = shop.deployment.namespace
    limited, open_to_all = (
        program(MODULE, "orders", "--timeout-seconds", "30", *more, environment=environment, start=False)
        for more in ((), ("--concurrent", str(10 * THREADS)))
    )
    limited.launch(), open_to_all.launch()
    answered = {}
    fronts = {"with": (limited, CONCURRENT, PROMPT_SECONDS), "without": (open_to_all, THREADS, WATCHED_SECONDS)}
    for name, (front, most, watched) in fronts.items():
        front.wait_until_ready()
        eventually(lambda: shop.ask(front.url, "GET", f"/orders/{order}").json()["missing"] == [])  # noqa: B023
        shop.services["payments"].pause()
        with ThreadPoolExecutor(3 * THREADS) as pool, ExitStack() as stack:
            stack.callback(shop.services["payments"].resume)
            ask = lambda path: pool.submit(shop.ask, front.url, "GET", path)  # noqa: B023
            held = [ask(f"/orders/{order}") for _ in range(2 * THREADS)]
            eventually(lambda: connections(front, shop.services["payments"]) == most)  # noqa: B023
            others, _ = wait([ask("/orders") for _ in range(THREADS)], timeout=watched)
            answered[name] = len(others)
        assert {one.result().status_code for one in held} == {200}

    observe("other requests answered meanwhile, with and without a bulkhead", str(answered))
    assert answered == {"with": THREADS, "without": 0}


def connections(client, server):
    """Return how many connections a process has to a server."""
    opened = psutil.Process(client.process.pid).net_connections("tcp")
    return sum(one.status == psutil.CONN_ESTABLISHED and one.raddr.port == server.port for one in opened if one.raddr)


def test_after_the_breaker_has_opened_only_probes_reach_a_dead_service(endpoint, clock, draw, observe):
    """A service that fails is asked a few times, then once in a while; the first answer closes the breaker again."""
    service, events, states = endpoint(answered_with({"user": "ada"})), [], []
    calls = Calls(lambda _: [service.url], Policy(attempts=1, failures=FAILURES, probe_seconds=PROBE_SECONDS), clock)
    for second in range(2 * DEAD_SECONDS):
        service.plan = itertools.repeat(answering(503) if second < DEAD_SECONDS else endpoints.let_in)
        before = len(service.requests)
        with suppress(UnavailableError):
            calls.get("users", "/users/ada", Deadline(PATIENCE_SECONDS))
        states.append("open" if calls.limits("users").breaker.failures >= FAILURES else "closed")
        events += [(second, second < DEAD_SECONDS)] * (len(service.requests) - before)
        clock.advance(1.0)
    while_dead = sum(dead for _, dead in events)
    closed_at = states.index("closed", FAILURES)

    lanes = [{"name": "breaker", "spans": spans_of(states)}, {"name": "service", "spans": spans_of(service_states())}]
    lanes.append({"name": "requests", "events": [{"at": at, "label": "", "kind": "request"} for at, _ in events]})
    draw.timeline("A breaker over time", "While it is open, one request in a while tries the service.", lanes)
    observe("requests that reached the dead service, of so many", f"{while_dead} of {DEAD_SECONDS}")
    assert while_dead == FAILURES + (DEAD_SECONDS - FAILURES) // PROBE_SECONDS
    assert closed_at - DEAD_SECONDS < PROBE_SECONDS
    assert len(events) - while_dead == 2 * DEAD_SECONDS - closed_at


def answered_with(told):
    """Return an application that answers everything with one object."""
    return Response(json.dumps(told), content_type="application/json")


def service_states():
    return ["dead"] * DEAD_SECONDS + ["alive"] * DEAD_SECONDS


def spans_of(states):
    """Return the spans of a state over the seconds, for a picture."""
    kinds, at, spans = {"open": "fault", "dead": "fault", "closed": "effect", "alive": "effect"}, 0, []
    for state, run in itertools.groupby(states):
        seconds = len(list(run))
        spans.append({"from": at, "to": at + seconds, "label": state, "kind": kinds[state]})
        at += seconds
    return spans


def test_nobody_waits_longer_than_the_deadline_and_nobody_is_blamed_for_it(endpoint):
    """A call ends with its caller's patience; behind that nothing is asked at all, and it does not count as a failure."""
    slow, gate, deadline = endpoint(), threading.Event(), Deadline(WATCHED_SECONDS)
    slow.plan = itertools.repeat(endpoints.holding_the_request(gate))
    calls = Calls(lambda _: [slow.url], Policy(timeout_seconds=60.0, attempts=1))
    try:
        with pytest.raises(UnavailableError):
            calls.get("users", "/users/ada", deadline)
        with pytest.raises(DeadlineExceededError):
            calls.get("users", "/users/ada", deadline)
    finally:
        gate.set()

    assert [int(request.headers[HEADER]) < WATCHED_SECONDS * 1000 for request in slow.requests] == [True]
    assert calls.limits("users").breaker.failures == 0


def test_a_service_that_tells_no_more_where_it_is_is_forgotten(redis_server, namespace):
    """An instance is found while it says where it is; one that is silent is forgotten, and without the directory the last is known."""
    with closing(connect(redis_server.url)) as client:
        directory = Directory(client, namespace, lease_seconds=WATCHED_SECONDS, fresh_seconds=0.0)
        Directory(client, namespace, lease_seconds=60.0).enter("users", "http://127.0.0.1:2")
        directory.enter("users", "http://127.0.0.1:1")
        both = directory.find("users")
        eventually(lambda: directory.find("users") == ["http://127.0.0.1:2"])
        directory._redis = connect("redis://127.0.0.1:1")

        assert (len(both), directory.find("users"), directory.find("orders")) == (2, ["http://127.0.0.1:2"], [])


STORMS = {
    "each layer": Policy(attempts=ATTEMPTS, retry_ratio=ATTEMPTS, failures=10**6),
    "the edge alone": Policy(attempts=1, retry_ratio=ATTEMPTS, failures=10**6),
    "each layer, from a budget": Policy(attempts=ATTEMPTS, retry_ratio=RETRY_RATIO, failures=10**6),
}


def test_retries_at_each_layer_are_a_storm_at_the_leaf(chain, endpoint, draw, observe):
    """Counterexample: three attempts at each of three layers are 27 at the lowest; at one layer, or from a budget, they are few."""
    hits = {}
    for name, policy in STORMS.items():
        leaf = endpoint()
        leaf.plan = itertools.repeat(answering(503))
        edge = chain(policy, leaf)
        for _ in range(CALLS):
            with pytest.raises(UnavailableError):
                edge.get("orders", "/orders/tea/invoice", Deadline(PATIENCE_SECONDS))
        hits[name] = len(leaf.requests) / CALLS

    caption = "What one failing call costs the lowest of three layers."
    draw("Retries", caption, {"requests": hits.items()}, "who tries again", "requests at the leaf", kind="bars")
    observe("requests at the leaf for each call", ", ".join(f"{name}: {count:g}" for name, count in hits.items()))
    assert hits["each layer"] == ATTEMPTS**LAYERS
    assert hits["the edge alone"] == ATTEMPTS
    assert hits["each layer, from a budget"] <= STORM_LIMIT


@pytest.fixture
def chain(small_parts, endpoint):
    """`chain(policy, leaf)` puts payments before the leaf and orders before payments, and returns what calls orders, at the edge."""

    def make(policy, leaf):
        towards = lambda address, how=policy: Calls(lambda _: [address()], how)
        parts = small_parts(payments=towards(lambda: leaf.url), orders=towards(lambda: payments.url))
        parts.services["payments"].begin(lambda execute, _: execute(PAID) and [], {})
        payments, orders = (endpoint(parts.apis[name].application) for name in ("payments", "orders"))
        return towards(lambda: orders.url, replace(policy, attempts=ATTEMPTS))

    return make


@pytest.fixture
def settle(small_parts, tmp_path):
    """`settle(engine)` places an order and returns it settled: by the services, in this process, or by the monolith."""
    with closing(open_store(f"sqlite:///{tmp_path}/shop.db")) as store:
        monolith, parts, numbers = create_monolith(store).test_client(), small_parts(), itertools.count()
        for users, accounts in ((monolith, monolith), (parts.apis["users"], parts.apis["payments"])):
            users.put("/users/ada", json={"name": "Ada", "credit": 10**9})
            accounts.put("/accounts/ada", json={"balance": 10**9})

        def settle(engine):
            orders, order = monolith if engine == "monolith" else parts.apis["orders"], f"/orders/order-{next(numbers)}"
            orders.put(order, json={"user": "ada", "amount": 1})
            if engine == "services":
                parts.work_off()
            return orders.get(order).json

        settle.parts = parts
        yield settle


def test_an_order_costs_the_services_three_messages_and_more_computing(settle, ratio, observe):
    """What is one transaction in the monolith is three messages between services, and several times the computing."""
    states = [settle(engine)["state"] for engine in ("monolith", "services")]
    messages = settle.parts.redis.xlen(settle.parts.broker.stream)
    costs = ratio("services ÷ monolith", lambda: settle("services"), lambda: settle("monolith"), pairs=9)

    observe("messages for an order", messages, "messages")
    assert (states, messages) == (["done", "done"], 3)
    assert costs.low >= COST_RATIO


@pytest.mark.parametrize("engine", engines(dict.fromkeys(("monolith", "services"))))
@pytest.mark.benchmark(group="one order settled, in one process")
def test_the_cost_of_one_order(engine, settle, benchmark):
    """What it costs to settle one order, in one program or in three services without the network between them."""
    assert benchmark(settle, engine)["state"] == "done"

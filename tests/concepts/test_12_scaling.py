"""Vertical and horizontal scaling · more workers, more instances

Problem        One server does so much at a time and no more. What comes beyond that waits, and those who wait go away.
Idea           Give one server more of the same (vertical), or put more servers behind one address (horizontal), and let them
               share as little as possible: no memory, no lock, no list of customers.
Guarantees     N instances that share nothing serve nearly N times as much. They come and go under load without a failed
               request; one that dies takes along what it was working on, and nothing else. Above capacity, some are answered
               in time and the others refused at once.
Trade-off      What is shared bends the curve. What a customer's next request needs must be kept elsewhere, for a round trip
               each. Shedding load turns people away.
Not shown      When to grow; machines instead of processes, and how long they take; scaling the store; work that computes.
Sources        N. J. Gunther, Guerrilla Capacity Planning, ch. 4-6; J. D. C. Little, Operations Research 9(3); RFC 9110 §15.6.4
Implementation src/sysdesign/storage/scaling
Engines        gunicorn workers · our balancer · haproxy
"""

import functools
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from types import SimpleNamespace

import psutil
import pytest

from fixtures import processes
from fixtures.apps import Program, programs
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.load import loads
from fixtures.properties import seeded
from fixtures.servers.haproxy_server import administer
from sysdesign.storage import scaling

LOCUSTFILE = processes.ROOT / "src/sysdesign/storage/scaling/locustfile.py"
SLOTS = 2  # of an instance or a worker
WORK_SECONDS = 0.04
CAPACITY = SLOTS / WORK_SECONDS  # of one [requests/s]
USERS = 12  # for the eight slots of four: none of them idles
MEASURED_SECONDS = 0.6
FOUR_TO_ONE_RATIO = 3.2

SHARED_SECONDS = 0.016  # of which nobody can do two at a time: two fifths of a request
LEAST_CONTENTION, FIT_TOLERANCE = 0.10, 0.15

PATIENCE_SECONDS = 0.35
PER_SECOND = 2.5  # arrivals for which each user of a crowd stands
OFFERED = (0.5, 1.0, 1.5, 2.0)  # times the capacity
SHED_GOODPUT_RATIO, HOARDED_GOODPUT_RATIO = 0.8, 0.2  # of the best, at twice the capacity
LITTLE_TOLERANCE, REQUESTS = 0.10, 60
ITEMS = 8  # put into a cart at the same time


def instance(make, *, start=True, **service):
    """Make an instance of the service with these options."""
    service = {"slots": SLOTS, "seconds": WORK_SECONDS, **service}
    options = [f"--{name.replace('_', '-')}={value}" for name, value in service.items()]
    return make("sysdesign.storage.scaling", *options, start=start)


class OneServer:
    """The service in one server: gunicorn's workers take connections from one queue."""

    def __init__(self, make, **service):
        self.front = instance(make, connections=SLOTS, **service)
        self.workers = psutil.Process(self.front.process.pid).children
        eventually(lambda: scaling.is_ready(self.front))
        self.resize = scaling.Workers(self.front.process.pid, lambda: len(self.workers())).resize
        self.heal = lambda: None  # gunicorn does it by itself

    def kill_one(self):
        self.workers()[-1].kill()


class Balanced:
    """The service as instances behind a balancer, which is told of changes on its administration socket."""

    def __init__(self, front, balancer, make, **service):
        def make_one():
            made = instance(make, start=False, warm_up_seconds=0.1, **service)  # it listens before it is ready
            made.stop = made.kill  # it ends at once when it is told to: nobody but the balancer protects its customers
            return made

        tell = functools.partial(administer, front.directory)
        self.front, self.fleet = front, scaling.Fleet(make_one, balancer(tell))
        self.resize, self.heal = self.fleet.resize, self.fleet.heal

    def kill_one(self):
        self.fleet.instances[-1].kill()


@pytest.fixture(scope="module")
def sites(servers):
    """The service on each engine and with other options, made when it is first needed."""
    with ExitStack() as stack:
        make = stack.enter_context(programs())

        @functools.cache
        def site(engine, **service):
            if engine == "gunicorn workers":
                return OneServer(make, **service)
            if engine == "our balancer":
                front = make("sysdesign.storage.load_balancing", "--policy=least-connections", "--admin=admin")
                return Balanced(front, scaling.OurBalancer, make, **service)
            make_haproxy = stack.enter_context(servers.private("haproxy"))
            front = make_haproxy(configuration=scaling.HaproxyBalancer.CONFIGURATION)
            return Balanced(front, scaling.HaproxyBalancer, make, **service)

        yield site


@pytest.fixture(params=engines({"gunicorn workers": None, "our balancer": None, "haproxy": "haproxy"}))
def engine(request):
    """What spreads the work: one server's workers, or a balancer."""
    return request.param


@pytest.fixture
def site(engine, sites):
    """The service on that engine."""
    return sites(engine)


@pytest.fixture(scope="module")
def curve(sites, servers):
    """What customers saw of one to four instances, when each request also needs what all instances share."""
    with programs() as make, loads() as load:
        shared = instance(make, slots=1, seconds=SHARED_SECONDS)
        site = sites("our balancer", seconds=WORK_SECONDS - SHARED_SECONDS, shared=f"{shared.host}:{shared.port}")
        customers, seen = come(load, site, "/orders"), {}
        for size in (1, 2, 3, 4):
            site.resize(size)
            seen[size] = in_steady_state(customers)
        return seen


@pytest.fixture(scope="module")
def overload():
    """Two equal instances under the same rising crowd: one refuses what it cannot do in time, the other keeps it all."""
    queue = scaling.longest_queue(SLOTS, WORK_SECONDS, PATIENCE_SECONDS / 2)
    with programs() as make, loads() as load:
        running, seen = crowd(load, 1, shedding=instance(make, queue=queue), hoarding=instance(make)), []
        for offered in OFFERED:
            running.become(users=2 * round(offered * CAPACITY / PER_SECOND))
            running.measure(1 / PER_SECOND)  # until all of them have begun
            seen.append((offered, running.measure(MEASURED_SECONDS)))
        return seen


def goodput(saw, way):
    """Count the answers a second that came while somebody was waiting for them."""
    return saw.where(lambda answer: answer.name == way and answer.seconds <= PATIENCE_SECONDS).successes_per_second


@pytest.fixture(scope="module")
def offered_by_two():
    """What the users of a Locust master with two workers saw of one instance, and what it counted itself."""
    with programs() as make, loads() as load:
        server, who = instance(make), {"users": 5 * SLOTS, "user_class": "Customer"}
        saw = load(LOCUSTFILE, server.url, seconds=10, requests=REQUESTS, workers=2, **who)
        return saw, ask(server, "GET", "/load").json


def ask(server, method, path, cookie=""):
    """Send one request on a connection of its own."""
    with closing(HTTPConnection(server.host, server.port, timeout=10)) as connection:
        connection.request(method, path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return SimpleNamespace(status=answer.status, json=json.loads(answer.read() or "{}"), cookie=cookie)


def shop(site):
    """Begin a session and put eight apples into its cart, all at the same time; return its cookie and the statuses."""
    cookie = ask(site.front, "POST", "/sessions").cookie
    with ThreadPoolExecutor(ITEMS) as hands:
        put = [hands.submit(ask, site.front, "POST", "/cart/apple", cookie) for _ in range(ITEMS)]
        return cookie, [one.result().status for one in put]


def come(load, site, path="/work"):
    """Let customers come, each of whom asks again as soon as there is an answer."""
    return load.begin(LOCUSTFILE, site.front.url, users=USERS, user_class="Customer", environment={"ASK": path})


def crowd(load, people, **servers):
    """Let people come at their own rate to each of the servers in turn, named as given, and leave when their patience ends."""
    ask = ",".join(f"{name}={server.url}/work" for name, server in servers.items())
    rules = {"ASK": ask, "PER_SECOND": str(PER_SECOND), "PATIENCE_SECONDS": str(PATIENCE_SECONDS)}
    return load.begin(LOCUSTFILE, users=people, user_class="Crowd", environment=rules)


def in_steady_state(customers):
    """Let the customers spread over what there is now, and watch them from then on."""
    before = len(customers.answers)
    eventually(lambda: len(customers.answers) >= before + USERS)
    return customers.measure(MEASURED_SECONDS)


def test_four_times_the_size_serves_more_than_three_times_as_much(site, load, observe):
    """Four workers, or four instances, serve at least 3.2 times as much as one, and growing to four fails no request."""
    site.resize(1)
    customers = come(load, site)
    one = in_steady_state(customers)
    site.resize(4)
    four = in_steady_state(customers)

    gain = four.successes_per_second / one.successes_per_second
    observe("throughput of 4 ÷ 1", gain, "times")
    assert customers.stop().failures == 0
    assert gain >= FOUR_TO_ONE_RATIO


def test_one_killed_under_load_takes_along_only_what_it_was_working_on(site, load, observe):
    """An instance dies without a word: requests that were with it fail, and no request that begins afterwards does."""
    site.resize(4)
    customers = come(load, site)
    eventually(lambda: len(customers.answers) >= 2 * USERS)
    site.kill_one()
    killed_at = time.monotonic()
    eventually(lambda: customers.during(killed_at, time.monotonic()).requests >= 4 * USERS)
    failed = customers.stop().where(lambda answer: answer.failed)
    site.heal()

    observe("failed with the instance that was killed", failed.requests, "requests")
    assert 1 <= failed.requests < USERS
    assert all(answer.begun < killed_at for answer in failed.answers)


def test_scaling_in_fails_no_request(site, load, observe):
    """Three of four end under load, each when it has answered what it took; no customer notices."""
    site.resize(4)
    customers = come(load, site)
    eventually(lambda: len(customers.answers) >= USERS)
    site.resize(1)
    saw = customers.stop()

    observe("answered while three of four ended", saw.requests, "requests")
    assert saw.failures == 0
    assert saw.requests > USERS


def test_what_all_share_bends_the_curve(curve, draw, observe):
    """Where each request also needs what all instances share, four serve far less than four times as much, and the fit says why."""
    measured = sorted((size, saw.successes_per_second) for size, saw in curve.items())
    law = scaling.fit(measured)
    fitted, proportional = [(n, law.throughput(n)) for n in range(1, 9)], [(n, n * law.rate) for n in range(1, 9)]
    series = {"measured": measured, "fitted": fitted, "if nothing were shared": proportional}
    caption = f"Contention {law.contention:.2f}, coherency {law.coherency:.3f}: the more instances, the less another one adds."
    draw("Throughput over instances", caption, series, "instances", "throughput [requests/s]")
    late = {"95 % are answered within": sorted((size, 1_000 * saw.percentile(95)) for size, saw in curve.items())}
    draw("The slowest of twenty", f"{USERS} customers share more slots.", late, "instances", "time to the answer [ms]")

    observe("contention", law.contention)
    observe("coherency", law.coherency)
    assert law.contention >= LEAST_CONTENTION
    assert law.throughput(4) / law.throughput(1) < FOUR_TO_ONE_RATIO
    assert measured == [(size, pytest.approx(law.throughput(size), rel=FIT_TOLERANCE)) for size, _ in measured]


def test_the_fit_finds_the_law_that_made_the_points(seed):
    """Points of any scalability curve give its rate, contention and coherency back, and no noise makes a cost negative."""
    import hypothesis
    from hypothesis import strategies as st

    sizes = st.sets(st.integers(1, 64), min_size=3, max_size=8)

    @seeded(seed)
    @hypothesis.example(40.0, 0.05, 0.02, {1, 2, 4, 16}, 0.0)  # past its peak
    @hypothesis.example(40.0, 0.0, 0.0, {1, 2, 4}, 0.05)  # better than proportional
    @hypothesis.given(st.floats(1, 1e4), st.floats(0, 0.9), st.floats(0, 0.5), sizes, st.floats(0, 0.05))
    def of_any_curve(rate, contention, coherency, sizes, noise):
        made = scaling.Curve(rate, contention, coherency)
        found = scaling.fit([(size, made.throughput(size)) for size in sizes])
        noisy = scaling.fit([(size, made.throughput(size) * (1 + noise * size)) for size in sizes])
        assert (found.rate, found.contention, found.coherency) == pytest.approx(
            (rate, contention, coherency), 1e-3, 1e-6
        )
        assert min(noisy.contention, noisy.coherency) >= 0

    of_any_curve()


def test_in_flight_is_throughput_times_latency(offered_by_two, observe):
    """The requests that an instance holds on average are as many as are answered in the time that one takes."""
    saw, counted = offered_by_two
    held = counted["request_seconds"] / saw.seconds
    told = scaling.mean_in_flight(saw.requests_per_second, saw.mean_seconds)

    observe("held on average", held, "requests")
    observe("throughput × latency", told, "requests")
    assert held == pytest.approx(told, rel=LITTLE_TOLERANCE)


def test_two_locust_workers_offer_what_their_master_counts(offered_by_two, observe):
    """A load that outgrows a machine is spread over two Locust workers; their master's total is what the service has served."""
    saw, counted = offered_by_two

    observe("requests of two workers", saw.requests, "requests")
    assert saw.requests == counted["served"] >= REQUESTS


def test_sessions_in_memory_are_lost_when_another_one_comes(site, observe):
    """Counterexample: what one instance or worker remembers, the other does not know; its customers are logged out."""
    site.resize(1)
    _, alone = shop(site)
    site.resize(2)
    _, together = shop(site)

    observe("logged out, with one", alone.count(401), "requests")
    observe("logged out, with two", together.count(401), "requests")
    assert alone == [200] * ITEMS
    assert together.count(401) > 0


def test_sessions_in_a_shared_store_outlive_instances(engine, sites, redis_server, redis, observe):
    """With sessions in Redis every item arrives whoever is asked, at the same time too, and is there when instances have gone."""
    site = sites(engine, sessions=redis_server.url)
    site.resize(2)
    cookie, together = shop(site)
    site.resize(1)
    cart = ask(site.front, "GET", "/cart", cookie).json["items"]

    observe("apples in the cart", cart["apple"], "items")
    assert together == [200] * ITEMS
    assert cart == {"apple": ITEMS}


def test_a_session_is_opened_here_alone_and_is_not_kept_for_ever(redis):
    """An id that somebody made up opens nothing and leaves nothing behind, and a session that nobody uses is forgotten."""
    sessions = scaling.RedisSessions(redis, keep_seconds=60.0)
    session = sessions.open()
    sessions.add(session, "apple")

    with pytest.raises(scaling.NoSession):
        sessions.add("made up", "apple")
    assert sessions.cart(session) == {"apple": 1}
    assert [0 < redis.pttl(key) <= 60_000 for key in redis.scan_iter()] == [True]


def test_what_comes_beyond_the_queue_is_refused_at_once_and_told_when_to_come_back():
    """A request that finds no slot and no place gets 503 with Retry-After before anything is done; later it is served."""
    end = threading.Event()
    service = scaling.create_app(slots=SLOTS, queue=1, wait=lambda _: end.wait(2))
    with ThreadPoolExecutor(SLOTS + 1) as pool:
        taken = [pool.submit(service.test_client().post, "/work") for _ in range(SLOTS + 1)]
        eventually(lambda: service.test_client().get("/load").json["in_flight"] == SLOTS + 1)
        refused = service.test_client().post("/work")
        at_once = not any(one.done() for one in taken)
        end.set()
        statuses = [one.result().status_code for one in taken]

    assert (refused.status_code, at_once) == (503, True)
    assert int(refused.headers.get("Retry-After", 0)) >= 1
    assert statuses == [200] * (SLOTS + 1)
    assert service.test_client().post("/work").status_code == 200


def test_a_request_that_fails_gives_its_slot_back():
    """When what all share is gone, each order fails, and the instance still has all its slots for other work."""
    nobody = f"{processes.HOST}:{processes.free_port()}"
    service = scaling.create_app(slots=1, queue=0, shared=nobody, wait=lambda _: None).test_client()

    assert [service.post("/orders").status_code for _ in range(3)] == [502] * 3
    assert service.post("/work").status_code == 200


def test_at_twice_the_capacity_shedding_keeps_the_answers_in_time(overload, draw, observe):
    """An instance that refuses what it cannot do in time gives, at twice its capacity, at least 80 % of its best goodput."""
    series = {way: [(offered, goodput(saw, way)) for offered, saw in overload] for way in ("shedding", "hoarding")}
    caption = "Beyond capacity, keeping every request answers none in time; refusing some answers the others."
    draw("Goodput over offered load", caption, series, "offered load [times the capacity]", "in time [requests/s]")

    at_twice, best = series["shedding"][-1][1], max(rate for _, rate in series["shedding"])
    observe("goodput at twice the capacity ÷ best", at_twice / best)
    assert at_twice >= SHED_GOODPUT_RATIO * best


def test_at_twice_the_capacity_an_endless_queue_leaves_nothing_in_time(overload, observe):
    """Counterexample: an instance that takes all that comes works on, for people who have left."""
    rates = [goodput(saw, "hoarding") for _, saw in overload]

    observe("goodput at twice the capacity ÷ best", rates[-1] / max(rates))
    assert rates[-1] <= HOARDED_GOODPUT_RATIO * max(rates)


def test_more_workers_cost_nothing_and_a_bigger_server_a_restart(program, load, observe):
    """A worker more fails no request, nor does a new set of workers; other slots need a restart, which nobody is there to answer."""
    server = OneServer(program)
    people = crowd(load, 12, all=server.front)  # 30 requests/s: less than it can do
    server.resize(2)
    people.measure(MEASURED_SECONDS / 2)
    first, by_a_worker_more = set(server.workers()), people.failures
    os.kill(server.front.process.pid, signal.SIGHUP)
    eventually(lambda: not first & set(server.workers()))
    people.measure(MEASURED_SECONDS / 2)
    by_workers_anew = people.failures
    server.front.stop()
    with closing(Program([*server.front.process.command, "--slots=4", "--connections=4"], server.front.port)) as bigger:
        bigger.start()
        by_a_restart = people.stop().failures

    observe("failed by one worker more", by_a_worker_more, "requests")
    observe("failed by all workers anew", by_workers_anew, "requests")
    observe("failed by a restart with more slots", by_a_restart, "requests")
    assert (by_a_worker_more, by_workers_anew) == (0, 0)
    assert by_a_restart > 0


@pytest.mark.benchmark(group="one request that needs no slot")
def test_what_the_way_to_an_instance_costs(site, benchmark):
    """A request takes its way through the engine to an instance and back."""
    site.resize(1)

    assert benchmark(lambda: ask(site.front, "GET", "/health").status) == 200

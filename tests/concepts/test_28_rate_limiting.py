"""Rate limiting · token bucket

Problem        One caller can spend the capacity that all callers share.
Idea           A request costs a token; tokens come back at a steady rate, and never more than the bucket holds.
Guarantees     In any window of t seconds, at most CAPACITY + RATE·t requests of one caller are admitted, however many threads,
               processes or machines decide. A refused caller is told when to come back, and that is true.
Trade-off      A burst as large as the bucket passes at once, by design. An exact budget shared by processes costs a round trip a
               decision; leases win that back and give up the exact moment.
Not shown      Fairness between callers that share one key; budgets that span regions; limits on work in progress.
Sources        RFC 6585 §4 (429); draft-ietf-httpapi-ratelimit-headers (RateLimit fields); RFC 9457 (problem details);
               ITU-T I.371 annex A (generic cell rate algorithm, the bucket as one number)
Implementation src/sysdesign/distributed/rate_limiting
Engines        in process · redis · nginx limit_req
"""

import functools
import itertools
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fixtures.clocks import HandClock
from fixtures.engines import engines
from fixtures.properties import seeded
from fixtures.ratios import cpu_clock, one_core
from sysdesign.distributed import rate_limiting
from sysdesign.distributed.rate_limiting import Decision, FixedWindow, LeakyBucket, Lease, SlidingWindow, TokenBucket

CAPACITY = 20  # tokens
SLOW_PER_SECOND = 1 / 60  # so slow that no token comes back during a test
FAST_PER_SECOND = 50.0  # a token every 20 ms: worth waiting for
PROCESSES = 4
THREADS = 8
LEASED_TOKENS = 100
API = "sysdesign.distributed.rate_limiting:create_app"
ENGINES = {"in process": None, "redis": "redis", "nginx limit_req": "nginx"}

SHARED_DECISIONS_PER_PING = 0.6
SHARED_DECISIONS_PER_PEER = 0.95
LEASED_DECISIONS_PER_PING = 1.5
DECISIONS_PER_TOKEN_BUCKET = 1.5
DECISIONS_PER_LIMITS = 5


class InProcess(TokenBucket):
    """The bucket in memory: the test moves its time."""

    def __init__(self, capacity, rate):
        self.now = HandClock()
        super().__init__(capacity, rate, self.now)
        self.idle = self.now.advance


class InRealTime:
    """A bucket behind a network: its clock is the server's, so idling takes as long as it says."""

    now = staticmethod(time.monotonic)
    idle = staticmethod(threading.Event().wait)


class Shared(InRealTime, rate_limiting.SharedTokenBucket):
    """The bucket in Redis."""


class Nginx(InRealTime):
    """The bucket of nginx, asked by requests that name their caller in a header."""

    def __init__(self, server):
        self.client = server.client()

    def take(self, key, cost=1):
        answer = self.client.get("/", headers={"X-API-Key": key, "X-Cost": str(cost)})
        return Decision(answer.status_code == 200, 0, float(answer.headers.get("Retry-After", 0)), 0.0)


@pytest.fixture(params=engines(ENGINES))
def make_bucket(request):
    """Build buckets of any size on the engine under test."""
    clients = []

    def on_nginx(capacity, rate):
        http = rate_limiting.nginx_configuration(capacity, rate)
        bucket = Nginx(request.getfixturevalue("make_nginx")(http=http, files={"page": "done"}))
        clients.append(bucket.client)
        return bucket

    def on_redis(capacity, rate):
        return Shared(request.getfixturevalue("redis"), "bucket", capacity, rate)

    yield {"in process": InProcess, "redis": on_redis, "nginx limit_req": on_nginx}[request.param]
    for client in clients:
        client.close()


def admitted(bucket, requests, key="alice"):
    """Count how many of so many requests get through."""
    return sum(bucket.take(key).admitted for _ in range(requests))


def test_a_full_bucket_admits_exactly_its_capacity(make_bucket, observe):
    """A full bucket lets through as many requests as it holds tokens, and not one more."""
    bucket = make_bucket(CAPACITY, SLOW_PER_SECOND)

    let_through = admitted(bucket, 2 * CAPACITY)

    observe("admitted at once", let_through, "requests")
    assert let_through == CAPACITY


def test_tokens_come_back_at_the_rate_and_never_more_than_the_bucket_holds(make_bucket, observe):
    """Idling earns tokens at the rate; idling longer than the bucket takes to fill earns no more."""
    bucket = make_bucket(5, FAST_PER_SECOND)
    admitted(bucket, 10)

    bucket.idle(2 * 5 / FAST_PER_SECOND)
    begin = bucket.now()
    let_through = admitted(bucket, 10)

    observe("admitted after twice the time to fill", let_through, "requests")
    assert 5 <= let_through <= 5 + FAST_PER_SECOND * (bucket.now() - begin)


def test_callers_do_not_share_a_budget(make_bucket):
    """One caller that has spent everything takes nothing from another."""
    bucket = make_bucket(CAPACITY, SLOW_PER_SECOND)
    admitted(bucket, 2 * CAPACITY, "alice")

    assert admitted(bucket, 2 * CAPACITY, "bob") == CAPACITY


@pytest.mark.differs({"nginx limit_req": "it counts requests; a cost above 1 cannot be told"})
def test_a_costly_request_takes_its_whole_cost_or_nothing(make_bucket):
    """A request that costs more tokens than are left is refused, and what is left stays."""
    bucket = make_bucket(CAPACITY, SLOW_PER_SECOND)

    admissions = [bucket.take("alice", cost).admitted for cost in (15, 6, 5, 1)]

    assert admissions == [True, False, True, False]


@pytest.mark.differs({"nginx limit_req": "its 429 carries no Retry-After"})
def test_a_refused_caller_that_comes_back_when_told_is_admitted(make_bucket, observe):
    """Whoever waits as long as it was told gets through; nobody is told to wait for nothing."""
    bucket = make_bucket(5, FAST_PER_SECOND)
    refused = next(decision for decision in (bucket.take("alice", 2) for _ in range(10)) if not decision.admitted)

    observe("told to wait", 1_000 * refused.retry_after, "ms")
    assert 0 < refused.retry_after <= 2 / FAST_PER_SECOND

    bucket.idle(refused.retry_after)
    assert bucket.take("alice", 2).admitted


def test_no_window_ever_admits_more_than_capacity_plus_refill(seed):
    """Whatever callers do, no stretch of time admits more than the bucket held plus what came back meanwhile."""
    from hypothesis import example, given
    from hypothesis import strategies as st

    steps = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), min_size=1, max_size=40)

    @seeded(seed)
    @example(capacity=10, rate=1.0, steps=[(198, 10), (4, 10)])  # two bursts, around the end of ten seconds
    @given(capacity=st.integers(1, 30), rate=st.sampled_from([0.3, 1.0, 7.0, 1_000.0]), steps=steps)
    def in_any_order(capacity, rate, steps):
        bucket, history = InProcess(capacity, rate), []
        for twentieths, requests in steps:
            bucket.idle(twentieths / 20)
            history.append((bucket.now(), admitted(bucket, requests)))
        for first, last in itertools.combinations_with_replacement(range(len(history)), 2):
            window = history[last][0] - history[first][0]
            assert sum(count for _, count in history[first : last + 1]) <= capacity + rate * window + 0.001

    in_any_order()


def test_a_burst_spends_the_bucket_and_then_requests_pass_at_the_rate(draw):
    """Requests offered at six times the rate get the whole bucket at once, and from then on exactly the rate."""
    bucket, rows = InProcess(CAPACITY, rate=5.0), [(0.0, 0, 0, CAPACITY)]
    for tenth in range(1, 121):
        bucket.idle(0.1)
        decisions = [bucket.take("alice") for _ in range(3 if 20 < tenth <= 60 else tenth % 4 == 1)]
        _, offered, passed, left = rows[-1]
        passed += sum(decision.admitted for decision in decisions)
        rows.append((tenth / 10, offered + len(decisions), passed, decisions[-1].remaining if decisions else left))

    series = {
        name: [(row[0], row[at]) for row in rows] for at, name in enumerate(("offered", "admitted", "tokens left"), 1)
    }
    caption = "A burst spends the bucket; then requests pass at the rate, and the bucket fills again when callers rest."
    draw(
        "A burst at the bucket",
        caption,
        series,
        "time [s]",
        "requests, tokens",
        kind="step",
        bands={"burst": (2.0, 6.0)},
    )
    assert rows[60][2] - rows[20][2] == pytest.approx(CAPACITY + 5.0 * 4, abs=1)


def test_an_independent_library_comes_to_the_same_decisions(chance):
    """The library `limits` admits the very requests that our sliding window does, and refuses none that the bucket lets pass."""
    import time_machine
    from limits import RateLimitItemPerSecond, storage, strategies

    ten_in_two, what_a_bucket_may = RateLimitItemPerSecond(10, 2), RateLimitItemPerSecond(10 + 5 * 2, 2)
    with time_machine.travel(1_000_000_000.0, tick=False) as travel:
        oracle = strategies.MovingWindowRateLimiter(storage.MemoryStorage())
        window, bucket = SlidingWindow(10, 2, time.time), TokenBucket(10, 5.0, time.time)
        for _ in range(2_000):
            travel.shift(chance.choice([0.0, 0.0, chance.uniform(0.001, 0.3)]))
            assert window.admit() == oracle.hit(ten_in_two, "window")
            assert oracle.hit(what_a_bucket_may, "bucket") if bucket.admit("alice") else True


def test_a_fixed_window_admits_double_at_its_edge_and_a_bucket_does_not(clock, observe):
    """Counterexample: two bursts around the edge of a fixed window all get through; the sliding window and the bucket refuse."""
    clock.now = 9.9
    limiters = {
        "fixed window": FixedWindow(CAPACITY, 10, clock).admit,
        "sliding window": SlidingWindow(CAPACITY, 10, clock).admit,
        "token bucket": functools.partial(TokenBucket(CAPACITY, CAPACITY / 10, clock).admit, "alice"),
    }

    before = {name: sum(admit() for _ in range(CAPACITY)) for name, admit in limiters.items()}
    clock.advance(0.2)
    both = {name: before[name] + sum(admit() for _ in range(CAPACITY)) for name, admit in limiters.items()}

    for name, count in both.items():
        observe(f"admitted within 0.2 s by a {name}", count, "requests")
    assert both == {"fixed window": 2 * CAPACITY, "sliding window": CAPACITY, "token bucket": CAPACITY}


def test_a_leaky_bucket_spaces_requests_where_a_token_bucket_lets_a_burst_pass(clock):
    """A leaky bucket makes requests of a burst wait their turn, one interval apart, and refuses when its queue is full."""
    leaky = LeakyBucket(queue=3, rate=10.0, clock=clock)

    assert [leaky.delay() for _ in range(5)] == [0.0, pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.3), None]


def test_many_processes_share_one_budget_exactly(app, link, redis_server, redis, observe):
    """Four processes that decide at once, far from their Redis, admit together what one bucket holds."""
    far = link(redis_server, delay_ms=2)  # each decision takes 4 ms: time enough to get in each other's way
    url = f"redis://{far.host}:{far.port}/0"
    apps = [app(API, start=False, redis_url=url, capacity=CAPACITY, rate=SLOW_PER_SECOND) for _ in range(PROCESSES)]
    for one in apps:
        one.launch()
    for one in apps:
        one.wait_until_ready()

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = list(pool.map(lambda n: get(apps[n % PROCESSES]).status_code, range(4 * CAPACITY)))

    observe("over-admitted by 4 processes", statuses.count(200) - CAPACITY, "requests")
    assert (statuses.count(200), statuses.count(429)) == (CAPACITY, 3 * CAPACITY)


def get(program, key="alice"):
    """Send one request to a served API."""
    import httpx2

    return httpx2.get(program.url, headers={"X-API-Key": key}, timeout=10.0)


def test_reading_before_writing_spends_the_last_token_twice(redis, observe):
    """Counterexample: two callers that both read before either writes are both admitted on one token."""
    redis.set("tokens", 1)
    seen_by_alice, seen_by_bob = int(redis.get("tokens")), int(redis.get("tokens"))

    spent = 0
    for seen in (seen_by_alice, seen_by_bob):
        if seen >= 1:
            redis.set("tokens", seen - 1)
            spent += 1

    observe("spent of one token", spent, "tokens")
    assert spent == 2


def test_a_process_whose_clock_is_ahead_gets_no_tokens_early(redis):
    """A process whose clock runs an hour ahead spends the same budget as all others."""
    import time_machine

    bucket = Shared(redis, "bucket", CAPACITY, SLOW_PER_SECOND)
    admitted(bucket, CAPACITY)

    with time_machine.travel(time.time() + 3_600):
        assert admitted(bucket, CAPACITY) == 0


def test_the_api_tells_what_is_left_and_when_to_come_back(clock):
    """A refused request is answered 429 with the whole seconds after which it passes; every answer tells what is left."""
    from starlette.testclient import TestClient

    client = TestClient(rate_limiting.limited(TokenBucket(2, 0.4, clock)))

    answers = [client.get("/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["RateLimit"] for answer in answers] == [
        '"default";r=1;t=3',
        '"default";r=0;t=5',
        '"default";r=0;t=5',
    ]
    assert answers[2].headers["RateLimit-Policy"] == '"default";q=2;w=5'
    assert answers[2].json() == {"type": "about:blank", "title": "Too many requests", "status": 429}

    clock.advance(float(answers[2].headers["Retry-After"]))
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("policy", "status"), [("open", 200), ("closed", 503)])
def test_without_its_store_the_api_does_what_was_declared(policy, status, make_redis, app, eventually):
    """While Redis hangs, requests pass or are refused as declared and never hang themselves; afterwards the limit holds again."""
    store = make_redis()
    api = app(API, redis_url=store.url, capacity=1, rate=SLOW_PER_SECOND, when_unavailable=policy)
    assert get(api).status_code == 200

    store.pause()
    assert get(api).status_code == status
    store.kill()
    assert get(api).status_code == status

    store.restart()
    assert eventually(lambda: get(api, "bob").headers.get("RateLimit"))


def test_a_clock_that_is_set_back_locks_nobody_out():
    """After the clock jumps back by a day, a caller waits for at most one bucket to fill."""
    bucket = InProcess(CAPACITY, 5.0)
    admitted(bucket, CAPACITY)

    bucket.idle(-86_400)
    assert bucket.take("alice").retry_after <= CAPACITY / 5.0
    bucket.idle(CAPACITY / 5.0)

    assert admitted(bucket, 2 * CAPACITY) == CAPACITY


@pytest.mark.parametrize("impossible", [0, -1, math.inf, math.nan])
def test_impossible_budgets_are_refused_by_name(impossible):
    """Zero, negative, endless and absurd parameters are refused with a message that names them."""
    with pytest.raises(ValueError, match="capacity"):
        TokenBucket(impossible, 1.0)
    with pytest.raises(ValueError, match="rate"):
        TokenBucket(5, impossible)
    with pytest.raises(ValueError, match="cost"):
        TokenBucket(5, 1.0).take("alice", impossible)
    with pytest.raises(ValueError, match="fill"):
        TokenBucket(1e12, 1e-3)


def test_callers_that_stay_away_are_forgotten(redis, observe):
    """A million callers that come once leave nothing: memory follows those whose buckets are not full."""
    bucket, most = InProcess(CAPACITY, rate=100.0), 0
    for caller in range(1_000_000):
        bucket.admit(f"caller {caller}")
        bucket.idle(1e-4)  # a token comes back while the next 100 call
        most = max(most, len(bucket))
    Shared(redis, "bucket", CAPACITY, 4.0).take("alice", 2)

    observe("most callers kept at once, of 1,000,000", most, "callers")
    assert most <= 2_048
    assert 0 < redis.pttl("bucket:alice") <= 1_000 * 2 / 4.0


def test_leases_spend_the_same_budget_without_a_round_trip_each(redis, observe):
    """Three processes that lease tokens in hundreds admit together exactly what the bucket holds."""
    bucket = Shared(redis, "bucket", 1_000, SLOW_PER_SECOND)
    leases = [Lease(bucket, LEASED_TOKENS) for _ in range(3)]

    before = scripts_called(redis)
    counts = [sum(lease.admit("alice") for _ in range(400)) for lease in leases]
    calls = scripts_called(redis) - before

    observe("round trips of 1,200 decisions", calls, "calls")
    assert counts == [400, 400, 200]
    assert (
        calls == 10 + 2 * 200 + 1
    )  # ten leases; then two tries each, as the budget is spent; the script is loaded once


def scripts_called(redis):
    """Ask the server how many scripts it has been called to run."""
    return redis.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]


@pytest.fixture
def near_redis(redis_server, redis):
    """A client of one connection, on the same core as its Redis: what is left is the cost of the work."""
    with one_core(redis_server), type(redis).from_url(redis_server.url, single_connection_client=True) as client:
        yield client


@pytest.fixture
def shared(near_redis):
    """A shared bucket that is never empty."""
    return rate_limiting.SharedTokenBucket(near_redis, "bucket", 1e6, 1e5)


def test_a_shared_decision_costs_little_more_than_a_round_trip(redis_server, near_redis, shared, ratio):
    """Exact decisions shared by all processes come at no less than 0.6 of the rate of the same client's bare PINGs."""
    cost = ratio(
        "shared decision ÷ PING",
        lambda: shared.admit("alice"),
        near_redis.ping,
        clock=cpu_clock(redis_server),
        pairs=31,
    )

    assert 1 / cost.high >= SHARED_DECISIONS_PER_PING


def their_shared_decisions(url, client):
    """Return how well-known libraries decide on the same server: their fastest way, which promises less."""
    import limits
    import pyrate_limiter
    import throttled

    storage, an_hour = (
        limits.storage.storage_from_string(url, single_connection_client=True),
        limits.RateLimitItemPerHour(10**9),
    )
    fixed = limits.strategies.FixedWindowRateLimiter(storage)
    pyrate = pyrate_limiter.Limiter(
        pyrate_limiter.RedisBucket.init([pyrate_limiter.Rate(10**9, 3_600_000)], client, "pyrate")
    )
    quota, store = throttled.rate_limiter.per_sec(10**5, burst=10**6), throttled.store.RedisStore(server=url)
    window = throttled.Throttled(key="throttled", using="fixed_window", quota=quota, store=store)
    return {
        "limits, fixed window": lambda: fixed.hit(an_hour, "limits"),
        "pyrate-limiter": lambda: pyrate.try_acquire("pyrate"),
        "throttled-py, fixed window": lambda: window.limit("throttled"),
    }


def test_a_shared_decision_is_as_cheap_as_that_of_libraries_that_promise_less(redis_server, near_redis, shared, ratio):
    """On the same server no well-known library decides faster, though none shares one exact bucket by the server's clock."""
    how = {"clock": cpu_clock(redis_server), "pairs": 101, "slice_seconds": 0.003}
    with one_core(redis_server):
        costs = [
            ratio(f"{name} ÷ our shared decision", theirs, lambda: shared.admit("alice"), **how)
            for name, theirs in their_shared_decisions(redis_server.url, near_redis).items()
        ]

    assert min(cost.low for cost in costs) >= SHARED_DECISIONS_PER_PEER


def test_leased_decisions_outrun_even_pipelined_pings(redis_server, near_redis, shared, ratio):
    """With leases of a hundred tokens, decisions come at 1.5 times the rate of PINGs sent a hundred at a time, or more."""
    lease, pipeline = Lease(shared, LEASED_TOKENS), near_redis.pipeline(transaction=False)

    def pings():
        for _ in range(LEASED_TOKENS):
            pipeline.ping()
        pipeline.execute()

    def decisions():
        for _ in range(LEASED_TOKENS):
            lease.admit("alice")

    assert (
        ratio("pipelined PINGs ÷ leased decisions", pings, decisions, clock=cpu_clock(redis_server)).low
        >= LEASED_DECISIONS_PER_PING
    )


def test_a_decision_in_process_is_cheaper_than_that_of_libraries(ratio):
    """In memory, `token-bucket` behind a lock costs at least 1.5 times as much a decision, and `limits` 5 times."""
    import limits
    import token_bucket

    theirs, lock = token_bucket.Limiter(1e5, 10**6, token_bucket.MemoryStorage()), threading.Lock()
    fixed, an_hour = (
        limits.strategies.FixedWindowRateLimiter(limits.storage.MemoryStorage()),
        limits.RateLimitItemPerHour(10**9),
    )
    ours = functools.partial(TokenBucket(1e6, 1e5).admit, "alice")

    def with_a_lock():
        with lock:
            return theirs.consume("alice")

    same = {"pairs": 31, "clock": time.thread_time}
    assert ratio("token-bucket with a lock ÷ ours", with_a_lock, ours, **same).low >= DECISIONS_PER_TOKEN_BUCKET
    assert (
        ratio("limits ÷ ours", functools.partial(fixed.hit, an_hour, "alice"), ours, **same).low >= DECISIONS_PER_LIMITS
    )


@pytest.mark.benchmark(group="one decision of the token bucket")
def test_the_cost_of_one_decision(make_bucket, benchmark):
    """What one decision costs on each engine, from the caller's side."""
    bucket = make_bucket(10_000, 1_000.0)

    assert benchmark(bucket.take, "alice").retry_after >= 0

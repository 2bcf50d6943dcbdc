"""TTL and expiration · values that carry their own end

Problem        A copy that nobody removes is served long after the truth has changed.
Idea           Each value gets a time to live with it; when that is over the value is gone, whoever remembers it.
Guarantees     No value is served longer than its lifetime after it was fetched, plus the time that the fetch took; with a stale window,
               no longer than that window after it. Value and end are set in one step.
Trade-off      Until its end a value may be out of date: short lifetimes cost loads, long ones cost truth.
Not shown      Invalidation at the moment of a write (18 caching); expiry across replicas.
Sources        Redis EXPIRE and keyspace notifications; RFC 5861 (stale-while-revalidate, stale-if-error);
               Vattani, Chierichetti, Lowenstein: Optimal Probabilistic Cache Stampede Prevention, VLDB 2015
Implementation src/sysdesign/storage/ttl_expiration.py
Engines        in process · redis
"""

import json
import math
from collections import Counter, deque

import pytest

from fixtures.engines import engines
from sysdesign.storage.ttl_expiration import Cache, Lifetime, MemoryStore, RedisStore

SHORT_SECONDS = 0.05  # worth waiting for
STALE_SECONDS = 0.3
LONG_SECONDS = 60.0  # does not end during a test
KEYS = 500
JITTER = 0.5  # lifetimes between a half and the whole
PEAK_WITH_JITTER_RATIO = 0.3


class InProcess(MemoryStore):
    """Values in memory; the test moves their time."""

    def __init__(self, clock):
        self.now, self.expired = clock, []
        super().__init__(clock, self.expired.append)

    def idle(self, seconds):
        self.now.advance(seconds)


class OnRedis(RedisStore):
    """Values in Redis; its time passes by itself, and is asked of it."""

    def __init__(self, client, eventually):
        self.client, self._eventually = client, eventually
        super().__init__(client)

    def now(self):
        seconds, microseconds = self.client.time()
        return seconds + microseconds / 1e6

    def idle(self, seconds):
        until = self.now() + seconds
        self._eventually(lambda: self.now() >= until)


@pytest.fixture(params=engines({"in process": None, "redis": "redis"}))
def store(request, clock, eventually):
    """An empty store on the engine under test."""
    return InProcess(clock) if request.param == "in process" else OnRedis(request.getfixturevalue("redis"), eventually)


@pytest.fixture
def source():
    """The truth behind a cache: it counts how often it is asked, and can be made to fail."""
    return Source()


class Source:
    def __init__(self):
        self.values, self.asked, self.down = {"user:1": "Ada"}, Counter(), False

    def __call__(self, key):
        self.asked[key] += 1
        if self.down:
            raise ConnectionError("the source does not answer")
        return self.values.get(key)


def test_a_value_is_there_until_its_end_and_not_after(store, eventually, observe):
    """A value can be read until its time is over, and from then on it is gone."""
    begin = store.now()
    store.put("session", b"Ada", SHORT_SECONDS)
    store.put("account", b"Ada", LONG_SECONDS)

    if isinstance(store, InProcess):
        store.idle(SHORT_SECONDS)
    eventually(lambda: store.get("session") is None)

    observe("gone after", 1_000 * (store.now() - begin), "ms")
    assert store.now() - begin >= SHORT_SECONDS
    assert store.get("account")[0] == b"Ada"


def test_the_store_itself_tells_how_long_a_value_has_left(store):
    """The time left is asked of the store: it shrinks as its clock runs, and is endless for a value without an end."""
    store.put("session", b"Ada", LONG_SECONDS)
    store.put("for ever", b"Ada", None)
    first = store.get("session")[1]
    store.idle(SHORT_SECONDS)

    assert LONG_SECONDS >= first >= store.get("session")[1] + SHORT_SECONDS - 0.001
    assert store.get("for ever")[1] == math.inf


def test_overwriting_a_value_gives_it_a_new_end_unless_the_old_one_is_kept(store):
    """A new value has no memory of the old one's end, except where it is asked to keep it."""
    store.put("kept", b"old", LONG_SECONDS)
    store.put("kept", b"new", None, keep=True)
    store.put("lost", b"old", LONG_SECONDS)
    store.put("lost", b"new", None)

    assert store.get("kept")[0] == b"new"
    assert store.get("kept")[1] <= LONG_SECONDS
    assert store.get("lost") == (b"new", math.inf)


def test_reading_prolongs_a_sliding_lifetime_and_never_an_absolute_one(store, source):
    """A session that is used lives on; a password reset link ends when it was said to, however often it is looked at."""
    source.values = {"session:1": "Ada", "link:1": "Ada"}
    lifetimes = {"session": Lifetime(LONG_SECONDS, sliding=True), "link": Lifetime(LONG_SECONDS)}
    cache = Cache(store, source, lifetimes)
    for key in source.values:
        cache.get(key)
    store.idle(SHORT_SECONDS)
    left = {key: store.get(key)[1] for key in source.values}
    for key in source.values:
        cache.get(key)

    assert store.get("session:1")[1] > left["session:1"]
    assert store.get("link:1")[1] <= left["link:1"]


def test_each_class_of_data_lives_as_long_as_it_is_good_for(store, source, observe):
    """Prices live for seconds, countries for a day, and that something does not exist for less than either."""
    source.values = {"price:1": 10, "country:1": "Chad"}
    cache = Cache(store, source, {"price": Lifetime(30.0, absent=5.0), "country": Lifetime(86_400.0)})
    for key in ("price:1", "country:1", "price:2"):
        cache.get(key)

    left = {key: store.get(key)[1] for key in ("price:1", "country:1", "price:2")}
    observe(
        "seconds left of a price, a country, an absent price",
        " · ".join(f"{value:.0f}" for value in left.values()),
        "s",
    )
    assert 25 < left["price:1"] <= 30 < left["country:1"] <= 86_400
    assert 0 < left["price:2"] <= 5


def test_what_has_ended_is_removed_when_asked_for_and_also_when_nobody_asks(clock, make_redis, eventually):
    """Memory comes back in two ways: a read removes what has ended, and a sweep removes what is never read again."""
    memory = InProcess(clock)
    server = make_redis(flags=("--enable-debug-command", "local"))
    with server.client() as client:
        client.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "0")  # the sweep stands still
        redis = OnRedis(client, eventually)
        for store in (memory, redis):
            store.put("read", b"", SHORT_SECONDS)
            store.put("never read", b"", SHORT_SECONDS)
            store.idle(2 * SHORT_SECONDS)
        assert (len(memory), client.dbsize()) == (2, 2)

        assert (memory.get("read"), redis.get("read")) == (None, None)
        assert (len(memory), client.dbsize()) == (1, 1)

        client.execute_command("DEBUG", "SET-ACTIVE-EXPIRE", "1")
        assert memory.expire() == 1
        assert eventually(lambda: client.dbsize() == 0)


def test_the_end_of_a_value_is_announced(clock, make_redis, eventually):
    """Whoever listens is told which value has ended, without asking for it."""
    memory = InProcess(clock)
    with make_redis(flags=("--notify-keyspace-events", "Ex")).client() as client, client.pubsub() as events:
        events.subscribe("__keyevent@0__:expired")
        for store in (memory, OnRedis(client, eventually)):
            store.put("session", b"Ada", SHORT_SECONDS)
            store.idle(SHORT_SECONDS)
        memory.expire()

        heard = eventually(lambda: (events.get_message(ignore_subscribe_messages=True) or {}).get("data"))
    assert (memory.expired, heard) == (["session"], b"session")


def test_value_and_end_are_set_in_one_command(redis, eventually, observe):
    """No crash can leave a value without its end, because there is no second command that could be lost."""
    before = writes(redis)
    OnRedis(redis, eventually).put("session", b"Ada", LONG_SECONDS)

    after = writes(redis) - before
    observe("commands for a value with its end", after.total(), "commands")
    assert after == {"set": 1}


def writes(redis):
    """Ask the server how often it was told to set a value or an end."""
    commands = {name.removeprefix("cmdstat_"): row["calls"] for name, row in redis.info("commandstats").items()}
    return Counter({name: commands.get(name, 0) for name in ("set", "setex", "psetex", "expire", "pexpire")})


def test_an_end_that_is_set_by_a_second_command_is_lost_with_the_connection(redis_server, redis, link):
    """Counterexample: the connection is cut between the value and its end, and the value stays for ever."""
    from redis.exceptions import ConnectionError as Cut

    wire = link(redis_server)
    client = type(redis)(host=wire.host, port=wire.port, retry=redis.get_retry())
    client.set("session", "Ada")
    wire.cut()
    with pytest.raises(Cut):
        client.expire("session", 60)
    client.close()

    assert redis.ttl("session") == -1


def reloads_each_second(chance, jitter):
    """Load KEYS at once, read each of them every second, and count the loads of every second."""
    from fixtures.clocks import HandClock

    clock, loads = HandClock(0.0), Counter()
    lifetime = Lifetime(30.0, jitter=jitter)
    cache = Cache(
        MemoryStore(clock), lambda key: loads.update([int(clock())]) or key, {"page": lifetime}, clock, chance
    )
    for _ in range(100):
        for number in range(KEYS):
            cache.get(f"page:{number}")
        clock.advance(1.0)
    return [(second, loads[second]) for second in range(1, 100)]


def test_jitter_turns_a_mass_expiry_into_a_trickle(chance, store, draw, observe):
    """What was loaded together ends together, all of it again and again; with jitter no second has more than a few reloads."""
    plain, spread = reloads_each_second(chance, jitter=0.0), reloads_each_second(chance, jitter=JITTER)
    peaks = max(count for _, count in plain), max(count for _, count in spread)

    caption = "All pages were loaded in the same second. Without jitter they all end in the same second, for ever."
    draw(
        "Reloads of 500 pages",
        caption,
        {"without jitter": plain, "with jitter": spread},
        "time [s]",
        "reloads",
        kind="step",
    )
    observe("reloads in the worst second without and with jitter", f"{peaks[0]} · {peaks[1]}", "reloads")
    assert peaks[1] / peaks[0] <= PEAK_WITH_JITTER_RATIO

    cache = Cache(store, str, {"page": Lifetime(LONG_SECONDS, jitter=JITTER)}, chance=chance)
    for number in range(100):
        cache.get(f"page:{number}")
    left = [store.get(f"page:{number}")[1] for number in range(100)]
    assert LONG_SECONDS * (1 - JITTER) - 5 < min(left) < max(left) <= LONG_SECONDS


def test_a_stale_value_is_served_at_once_while_one_refresh_runs(store, source):
    """Nobody waits for a value that has just gone stale: all get the old one, and one refresh brings the new one."""
    refreshes = deque()
    cache = Cache(store, source, {"user": Lifetime(SHORT_SECONDS, stale=LONG_SECONDS)}, background=refreshes.append)
    cache.get("user:1")
    source.values["user:1"] = "Grace"
    store.idle(2 * SHORT_SECONDS)

    assert [cache.get("user:1") for _ in range(10)] == ["Ada"] * 10
    assert len(refreshes) == 1
    refreshes.popleft()()
    assert cache.get("user:1") == "Grace"


def test_a_refresh_that_fails_serves_stale_within_the_bound_and_then_the_error(store, source, eventually):
    """While its source is down a value is served stale for as long as was declared; after that the failure is told."""
    cache = Cache(store, source, {"user": Lifetime(0.001, stale=STALE_SECONDS)}, background=lambda work: work())
    cache.get("user:1")
    source.down, begin, ages = True, store.now(), []

    def refused():
        age = store.now() - begin
        try:
            assert cache.get("user:1") == "Ada"
        except ConnectionError:
            return True
        ages.append(age)
        return store.idle(0.001)

    eventually(refused)
    assert 0 < max(ages) <= 0.001 + STALE_SECONDS + 0.001


def test_values_are_refreshed_ahead_of_their_end_so_that_nobody_misses(clock, chance, observe):
    """With early refresh, the readers of a busy value never find it gone, and it is loaded little more often than it must be."""
    loads, misses = [], []

    def load(key):
        loads.append(clock())
        clock.advance(0.5)
        return key

    store = InProcess(clock)
    cache = Cache(store, load, {"page": Lifetime(10.0, eager=1.0)}, clock, chance, background=lambda work: work())
    for _ in range(20_000):
        misses += [clock()] if store.get("page:1") is None else []
        cache.get("page:1")
        clock.advance(0.01)

    observe("loads in 20 lifetimes of a busy value", len(loads), "loads")
    assert len(misses) == 1  # the very first
    assert len(loads) <= 2 * 20_000 * 0.01 / 10.0


def test_nothing_older_than_its_lifetime_is_ever_served(clock, chance, observe):
    """Over a long log of reads, no value was fetched longer ago than its lifetime and the time that the fetch took."""
    refresh_seconds, ages = 0.7, []

    def load(_):
        fetched = clock()
        clock.advance(refresh_seconds)
        return fetched

    cache = Cache(InProcess(clock), load, {"page": Lifetime(3.0, jitter=0.2)}, clock, chance)
    for _ in range(5_000):
        clock.advance(chance.choice([0.01, 0.4, 1.0, 2.9]))
        fetched = cache.get(f"page:{chance.randrange(3)}")
        ages.append(clock() - fetched)

    observe("oldest value served, of 5,000 reads", max(ages), "s")
    assert 3.0 * 0.8 < max(ages) <= 3.0 + refresh_seconds


@pytest.mark.differs({"in process": "its clock is the application's: a jump ends everything"})
def test_a_jump_of_the_applications_clock_ends_nothing(store, source, clock):
    """A machine whose clock jumps a day ahead still finds what others have stored, fresh."""
    import time_machine

    cache = Cache(store, source, {"user": Lifetime(LONG_SECONDS)})
    cache.get("user:1")

    clock.advance(86_400)
    with time_machine.travel(86_400 * 40_000):
        assert store.get("user:1") is not None
        cache.get("user:1")
    assert source.asked["user:1"] == 1


@pytest.mark.parametrize("seconds", [0, -1, 0.000_1, math.inf, math.nan, 1e12])
def test_lifetimes_that_make_no_sense_are_refused(store, seconds):
    """Zero, negative, endless and absurd lifetimes are refused before anything is stored."""
    with pytest.raises(ValueError, match="lifetime"):
        store.put("session", b"Ada", seconds)
    with pytest.raises(ValueError, match="lifetime"):
        Lifetime(fresh=seconds)

    assert store.get("session") is None


@pytest.mark.benchmark(group="one read of a value with a lifetime")
def test_the_cost_of_one_read(store, benchmark):
    """What it costs to read a value together with the time that it has left."""
    store.put("session", json.dumps("Ada").encode(), LONG_SECONDS)

    assert benchmark(store.get, "session")[0] == b'"Ada"'

"""Load balancing · layer 7 and layer 4

Problem        One server is too slow for all clients, and when it dies, all of them have nothing. Clients that know many servers
               do not know which of them are well.
Idea           One address in front of many servers: each request goes to one that is well and has little to do, and what fails
               there is tried elsewhere, if trying twice does no harm.
Guarantees     Turns and weights are kept exactly. A backend that dies costs no GET its answer, and a client at most the other
               request that it waits for. Nothing that may have acted is sent twice. What is ambiguous is refused.
Trade-off      One hop more, and one process more that can die. Retries are held to a budget, so that an outage is not
               multiplied: when most fails, clients see some of it.
Not shown      Two balancers that share an address; TLS; WebSockets (an Upgrade is not passed on); HTTP/2.
Sources        RFC 9112 §6.3, §11.2 (framing, smuggling); RFC 9110 §7.6.1 (hop-by-hop fields), §9.2.2 (idempotent methods);
               Karger et al. 1997 (consistent hashing); Mitzenmacher 2001 (two choices)
Implementation src/sysdesign/storage/load_balancing
Engines        ours · nginx · haproxy
"""

import itertools
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from threading import Event
from types import SimpleNamespace

import psutil
import pytest

from fixtures.apps import Program
from fixtures.balancers import address, haproxy, nginx, ours
from fixtures.clients import BROWSER, Load, Traffic, ask, connected
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.meanwhile import users_of
from fixtures.processes import free_port
from fixtures.properties import seeded
from fixtures.ratios import cpu_clock, one_core
from fixtures.servers.server import ServerMissing
from sysdesign.storage.load_balancing import (
    POLICIES,
    Health,
    HealthRules,
    Malformed,
    Pool,
    RequestReader,
    ResponseReader,
    RetryBudget,
    RoundRobin,
    TwoChoices,
)

PAGE = """
server {
    listen {listen};
    keepalive_requests 1000000;
    access_log {directory}/requests;
    location / { return 200 "NAME"; }
    location = /pay { PAY; }
    location = /health { root {directory}; }
    location = /large { root {directory}; }
}
"""
"""A backend tells its name. It is well as long as it has a file `health`; on /pay it answers too, or hangs up unanswered (444)."""

CHECKED = {"check_path": "/health", "check_seconds": 0.05, "rise": 2, "fall": 2, "slow_start_seconds": 0.0}
EJECTED = {"eject_seconds": 0.2, "max_failures": 2}
EJECTED_FOR_LONG = {**EJECTED, "eject_seconds": 1.0}  # nobody waits for it to come back
RESPONSE_SECONDS = 0.3
SOON_SECONDS = 0.7  # several times what a backend's state takes to change
SHORT_SECONDS = 0.1  # patience with an answer that may not come
CLIENTS = 8
LARGE_BYTES = 16 * 2**20
HELD_BYTES = 8 * 2**20  # of an answer that nobody reads
NGINX_RATIO, AIOHTTP_RATIO = 1.3, 5.0  # of CPU time a request: ours to nginx's at most, aiohttp's to ours at least
CONNECTIONS = 128  # of the clients that measure


def served(balancer, requests, **how):
    """Send so many requests and count who answered."""
    return Counter(ask(balancer, **how).body for _ in range(requests))


def backend(make, name, pay="return 200 NAME", **files):
    """Start a backend of this name."""
    return make(http=PAGE.replace("PAY", pay).replace("NAME", name), files={"health": "well", **files})


@pytest.fixture(scope="module")
def abc(servers):
    """Three backends, a, b and c, that no test breaks."""
    with servers.private("nginx") as make:
        yield [backend(make, name) for name in "abc"]


@pytest.fixture(scope="module")
def peer(abc):
    """A proxy of aiohttp as a process."""
    port = free_port()
    program = Program([sys.executable, "-m", "fixtures.aiohttp_proxy", str(port), abc[0].url], port)
    program.launch()
    yield program
    program.close()


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request):
    """Lets the proxy of aiohttp import its libraries beside the other tests, if one will measure it."""
    if users_of(request, "peer"):
        with suppress(ServerMissing):
            request.getfixturevalue("peer")


@pytest.fixture(params=engines({"ours": None, "nginx": "nginx", "haproxy": "haproxy"}))
def balance(request):
    """Put a balancer before these backends: a list, or their weights. Settings have the names that ours gives them."""
    engine = {"ours": ours, "nginx": nginx, "haproxy": haproxy}[request.param]

    def balance(backends, **told):
        weights = backends if isinstance(backends, dict) else dict.fromkeys(backends, 1)
        return engine(request, {address(server): weight for server, weight in weights.items()}, **told)

    return balance


def test_round_robin_gives_each_backend_exactly_its_turn(balance, abc, observe):
    """Thirty requests over three backends are ten for each."""
    counts = served(balance(abc), 30)

    observe("requests by backend", str(dict(counts)))
    assert counts == {"a": 10, "b": 10, "c": 10}


def test_weights_are_kept_exactly_and_heavy_backends_do_not_take_their_turns_at_once(balance, abc, observe):
    """With weights 5, 1 and 1, seventy requests are fifty, ten and ten, and never five in a row for the same."""
    balancer = balance(dict(zip(abc, (5, 1, 1), strict=True)), policy="weighted")
    names = "".join(ask(balancer).body for _ in range(70))

    observe("the first two cycles", names[:14])
    assert Counter(names) == {"a": 50, "b": 10, "c": 10}
    assert "aaaaa" not in names


def test_a_slow_backend_gets_fewer_requests_by_least_connections(balance, abc, link, observe):
    """Of a backend ten times slower, round robin makes half of all requests wait; least connections gives it a quarter at most."""
    fast, slow = link(abc[0], delay_ms=1), link(abc[1], delay_ms=10)
    shares = {}
    for policy in ("round-robin", "least-connections"):
        with Traffic(balance([fast, slow], policy=policy)) as traffic:
            traffic.goes_on(80)
        shares[policy] = Counter(answer.body for answer in traffic.answers)["b"] / len(traffic.answers)
        observe(f"share of the slow backend, {policy}", 100 * shares[policy], "%")

    assert shares["round-robin"] == pytest.approx(1 / 2, abs=0.05)
    assert shares["least-connections"] <= 1 / 4


def test_the_less_loaded_of_two_drawn_at_random_is_nearly_as_even_as_looking_at_all(chance, observe):
    """Ten thousand requests on a hundred backends: two choices keep the fullest within five of the mean; one choice does not."""
    policies, fullest = {"two choices": TwoChoices(chance).pick, "one choice": lambda pool, _: chance.choice(pool)}, {}
    for name, pick in policies.items():
        pool = [SimpleNamespace(weight=1, in_flight=0) for _ in range(100)]
        for _ in range(10_000):
            pick(pool, b"").in_flight += 1
        fullest[name] = max(one.in_flight for one in pool)
        observe(f"fullest backend by {name}, mean 100", fullest[name], "requests")

    assert fullest["two choices"] <= 105 < fullest["one choice"]


def test_requests_with_the_same_key_go_to_the_same_backend_and_only_its_keys_move(balance, abc, observe):
    """A key keeps its backend; when one backend is taken out, only the keys that it had go elsewhere."""
    keys = [f"client-{number}" for number in range(60)]
    balancer = balance(abc, policy="consistent-hash", affinity="x-client")

    def owners():
        return {key: ask(balancer, headers={"X-Client": key}).body for key in keys}

    before, again = owners(), owners()
    balancer.drain(abc[2])
    after = eventually(lambda: now if "c" not in (now := owners()).values() else None)

    observe("keys by backend", str(dict(Counter(before.values()))))
    assert again == before
    assert set(before.values()) == {"a", "b", "c"}
    assert {key: owner for key, owner in before.items() if owner != "c"}.items() <= after.items()


@pytest.mark.differs({"nginx": "its open version asks nobody for their health"})
def test_a_backend_that_says_it_is_ill_gets_no_requests_until_it_is_well(balance, abc, make_nginx):
    """Active checks take a backend out before any request fails on it, and bring it back."""
    sick = backend(make_nginx, "sick")
    balancer = balance([sick, *abc[:2]], **CHECKED)

    (sick.directory / "health").unlink()
    eventually(lambda: "sick" not in served(balancer, 6), within=SOON_SECONDS)
    assert served(balancer, 20) == {"a": 10, "b": 10}

    (sick.directory / "health").write_text("well")
    assert eventually(lambda: "sick" in served(balancer, 3))


def test_it_takes_several_checks_in_a_row_to_change_a_backends_state(clock):
    """Two bad checks do not take a backend out, the third does; one good check does not bring it back, the second does."""
    health, states = Health(HealthRules(rise=2, fall=3), clock), []
    for passed in (False, False, True, False, False, False, True, False, True, True):
        health.checked(passed)
        states.append(health.up)

    assert states == [True, True, True, True, True, False, False, False, False, True]


def test_failures_are_counted_in_a_row(clock):
    """A backend that fails every other request stays; one that fails twice in a row goes, whatever its checks say."""
    health = Health(HealthRules(max_failures=2), clock)
    for _ in range(10):
        health.failed()
        health.succeeded()
    stays = health.up
    health.failed()
    health.failed()

    assert stays
    assert not health.up


@pytest.mark.parametrize("policy", POLICIES)
def test_no_policy_chooses_a_backend_on_which_the_request_has_failed(policy, clock, chance):
    """Whatever the policy, a request that is tried again goes to another backend, and after the last one to none."""
    pool = Pool(POLICIES[policy](chance), HealthRules(), clock)
    first, second = pool.add("127.0.0.1", 80), pool.add("127.0.0.1", 81)

    assert {pool.pick(b"key", [first]) for _ in range(20)} == {second}
    assert pool.pick(b"key", [first, second]) is None


def test_a_backend_that_flaps_does_not_flap_the_pool(clock, observe):
    """One that passes every check and fails every request is left alone for longer each time: tried 33 times in ten minutes, not 600."""
    rules = HealthRules(rise=2, max_failures=3, eject_seconds=1, longest_seconds=120)
    pool, tried = Pool(RoundRobin(), rules, clock), 0
    flapping = pool.add("127.0.0.1", 80)
    for _ in range(600):
        clock.advance(1)
        pool.checked(flapping, passed=True)
        if pool.pick():
            pool.failed(flapping)
            tried += 1

    observe("requests that failed in 600 seconds", tried, "requests")
    assert tried <= 3 * 11
    assert 8 <= flapping.health.changes <= 2 * 11


def test_a_backend_that_comes_back_gets_its_share_little_by_little(clock, draw):
    """While it starts slowly a backend gets a rising part of its turns: none is flooded that has just come back."""
    pool, shares = Pool(RoundRobin(), HealthRules(rise=1, fall=1, slow_start_seconds=10), clock), []
    pool.add("127.0.0.1", 80)
    back = pool.add("127.0.0.1", 81)
    pool.checked(back, passed=False)
    pool.checked(back, passed=True)
    for _ in range(13):
        clock.advance(1)
        pool.refresh()
        shares.append(Counter(pool.pick() for _ in range(200))[back] / 200)

    draw(
        "Slow start",
        "It takes its turns little by little.",
        {"who came back": list(enumerate(shares, 1))},
        "time [s]",
        "share",
    )
    assert shares[0] <= 0.1
    assert shares == sorted(shares)
    assert shares[-3:] == [0.5] * 3


def test_backends_come_and_go_while_requests_run_and_none_fails(balance, abc):
    """A backend that is added gets requests, one that is taken out gets none any more, and no client notices."""
    balancer = balance(abc[:2])
    with Traffic(balancer, keep=balancer.keep) as traffic:
        traffic.goes_on()
        balancer.add(abc[2])
        eventually(lambda: "c" in {answer.body for answer in traffic.answers})
        balancer.drain(abc[0])
        eventually(lambda: "a" not in served(balancer, 6))
        traffic.goes_on()

    assert traffic.failed == []
    assert eventually(lambda: served(balancer, 20) == {"b": 10, "c": 10})


def test_a_backend_that_is_drained_finishes_what_it_has_begun(balance, abc, link):
    """A drained backend gets no new request; the one that it is working on gets its answer."""
    wire = link(abc[0])
    balancer = balance([wire, abc[1]])
    wire.stall()
    with ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(ask, balancer) for _ in range(2)]
        eventually(lambda: wire.connections and any(one.done() for one in begun))
        balancer.drain(wire)
        eventually(lambda: served(balancer, 4, seconds=SHORT_SECONDS) == {"b": 4})
        unfinished = [one for one in begun if not one.done()]
        wire.heal()

    assert [(one.result().status, one.result().body) for one in unfinished] == [(200, "a")]


def test_requests_are_tried_again_only_if_that_does_no_harm(balance, make_nginx, observe):
    """Who hangs up may have acted: a GET is sent to the next backend, a POST never, and its client is told 502."""
    pair = [backend(make_nginx, "broken", pay="return 444"), backend(make_nginx, "well")]
    balancer = balance(pair, max_failures=1_000)

    gets = [ask(balancer, path="/pay").status for _ in range(6)]
    posts = [ask(balancer, "POST", "/pay").status for _ in range(6)]
    seen = eventually(lambda: count if (count := sum(map(posts_seen, pair))) >= 6 else None)

    observe("POSTs that backends have seen, of 6", seen, "requests")
    assert gets == [200] * 6
    assert Counter(posts) == {200: 3, 502: 3}
    assert seen == 6


def posts_seen(server):
    return (server.directory / "requests").read_text().count("POST /pay")


def test_retries_are_a_small_part_of_the_load_however_much_fails(observe):
    """When all of a thousand requests fail, the backends get at most a fifth more, and the reserve once."""
    budget, retries = RetryBudget(ratio=0.2, reserve=10), 0
    for _ in range(1_000):
        budget.deposit()
        retries += sum(budget.withdraw() for _ in range(3))

    observe("retries of 1,000 requests", retries, "retries")
    assert 0.2 * 1_000 <= retries <= 0.2 * 1_000 + 10


def test_many_clients_share_few_connections_to_a_backend(balance, abc, link, observe):
    """Fifty clients that come and go cost the backend one connection."""
    wire = link(abc[0])

    assert served(balance([wire]), 50) == {"a": 50}
    observe("connections to the backend for 50 clients", wire.connections, "connections")
    assert wire.connections == 1


@pytest.mark.parametrize("balance", engines({"ours": None, "haproxy": "haproxy"}), indirect=True)
def test_layer_4_chooses_once_for_a_connection_and_layer_7_for_each_request(balance, abc):
    """Of thirty requests on a connection, layer 7 spreads all; layer 4 sends them to one backend, and the next connection to another."""
    layer_7, layer_4 = balance(abc), balance(abc, layer=4)
    answers = []
    for balancer in (layer_7, layer_4, layer_4):
        with closing(connected(balancer)) as connection:
            answers.append(served(balancer, 30, kept=connection))
    spread, first, second = answers

    assert spread == {"a": 10, "b": 10, "c": 10}
    assert list(first.values()) == list(second.values()) == [30]
    assert first != second


def test_a_backend_killed_under_load_costs_no_get_its_answer_and_comes_back(
    balance, abc, make_nginx, draw_killed, observe
):
    """While a backend is killed and started again every GET is answered; of the others, each connection to it loses one at most."""
    doomed = backend(make_nginx, "doomed")
    balancer = balance([doomed, *abc[:2]], **CHECKED, **EJECTED)
    with Traffic(balancer) as gets, Traffic(balancer, method="POST") as posts:
        gets.goes_on()
        posts.goes_on()
        doomed.kill()
        killed = time.monotonic()
        gets.goes_on(150)
        doomed.restart()
        restarted = time.monotonic()
        eventually(lambda: "doomed" in {answer.body for answer in list(gets.answers) if answer.at > restarted})
        gets.goes_on()

    draw_killed(gets.answers, killed, restarted)
    observe("GETs answered", len(gets.answers) - len(gets.failed), "requests")
    observe("POSTs lost", len(posts.failed), "requests")
    assert gets.failed == []
    # With one request at a time for each client, no more connections than that lead to a backend.
    assert len(posts.failed) <= 2 * CLIENTS


@pytest.fixture
def draw_killed(draw):
    """Draw who answered how often, in slices of 20 ms."""

    def draw_killed(answers, killed, restarted):
        begin = min(answer.at for answer in answers)
        counts = Counter((answer.body, int(50 * (answer.at - begin))) for answer in answers)
        last = max(at for _, at in counts)
        series = {name: [(at / 50, counts[name, at]) for at in range(last)] for name in ("a", "b", "doomed")}
        marks = {"killed": killed - begin, "started again": restarted - begin}
        caption = "The others take its turns until it is back."
        draw("Requests by backend", caption, series, "time [s]", "requests in 20 ms", marks=marks)

    return draw_killed


def test_a_paused_backend_delays_few_requests_and_fails_none(balance, abc, make_nginx, observe):
    """A backend that stops answering costs a time limit to those who wait for it; nobody else waits, and nobody fails."""
    paused = backend(make_nginx, "paused")
    balancer = balance([paused, *abc[:2]], response_seconds=RESPONSE_SECONDS, **CHECKED, **EJECTED_FOR_LONG)
    with Traffic(balancer) as traffic:
        traffic.goes_on()
        paused.pause()
        traffic.goes_on(150)

    delayed = [answer for answer in traffic.answers if answer.seconds >= RESPONSE_SECONDS / 2]
    observe("requests that waited for a time limit", len(delayed), "requests")
    assert traffic.failed == []
    assert len(delayed) <= CLIENTS + EJECTED["max_failures"]


@pytest.mark.differs({"nginx": "it answers 502, as for one backend that fails"})
def test_without_any_backend_clients_are_told_503_until_one_is_back(balance, make_nginx):
    """When all backends are dead the answer is 503; when one is back, so is the service."""
    only = backend(make_nginx, "only")
    balancer = balance([only], retries=0, **CHECKED, **EJECTED)

    only.kill()
    eventually(lambda: ask(balancer).status == 503, within=SOON_SECONDS)
    only.restart()
    assert eventually(lambda: ask(balancer).status == 200)


POST, CHUNKS = b"POST / HTTP/1.1\r\nHost: a\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
MALFORMED = {
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length and chunks": POST + b"Content-Length: 5\r\n" + CHUNKS + b"0\r\n\r\n",
    "unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "signed length": POST + b"Content-Length: +5\r\n\r\nhello",
    "folded line": POST + b"X: a\r\n Content-Length: 5\r\n\r\n",
    "line that ends in LF": POST + b"X: a\nContent-Length: 0\r\n\r\n",
    "blank before the colon": POST + b"Content-Length : 5\r\n\r\nhello",
    "bad size of a chunk": POST + CHUNKS + b"0x5\r\nhello\r\n0\r\n\r\n",
    "chunk longer than its size": POST + CHUNKS + b"3\r\nhello\r\n0\r\n\r\n",
    "two hosts": POST + b"Host: b\r\nContent-Length: 0\r\n\r\n",
    "null byte": POST + b"X: a\0b\r\nContent-Length: 0\r\n\r\n",
}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"


def refusal(balancer, sent):
    """Send bytes and return the status that is told, with a plus if more can be sent."""
    with socket.create_connection((balancer.host, balancer.port), timeout=2.0) as connection:
        connection.sendall(sent)
        try:
            told = connection.recv(65_536)[9:12].decode()
            while told == "400" and connection.recv(65_536):
                pass
        except ConnectionResetError:
            return told
        except TimeoutError:
            return "nothing"
    return told if told == "400" else f"{told}+"


@pytest.mark.differs(
    {
        "nginx": "it takes LF for the end of a line, and refuses an unknown coding with 501",
        "haproxy": "it understands lengths beside chunks, folded lines and LF as RFC 9112 allows, and writes them anew",
    }
)
def test_ambiguous_requests_are_refused_and_nothing_behind_them_is_read(balance, make_nginx, observe):
    """What two servers could read in two ways gets 400 and the end of its connection; no backend sees what hides behind it."""
    only = backend(make_nginx, "only")
    balancer = balance([only])
    told = {name: refusal(balancer, sent + SMUGGLED) for name, sent in MALFORMED.items()}

    observe("told", ", ".join(f"{name}: {status}" for name, status in told.items()))
    assert set(told.values()) == {"400"}
    assert "/smuggled" not in (only.directory / "requests").read_text()


def test_however_the_bytes_arrive_the_same_requests_are_understood(seed):
    """Requests that come in one piece, byte by byte or cut anywhere are passed on as the same bytes."""
    from hypothesis import example, given
    from hypothesis import strategies as st

    chunked = POST + CHUNKS + b"5\r\nhello\r\n0\r\n\r\n"
    sent = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + POST + b"Content-Length: 5\r\n\r\nhello" + chunked

    def understood(pieces):
        reader, requests, waiting = RequestReader(), [], b""
        for piece in pieces:
            waiting = reader.feed(waiting + piece)
            while reader.complete:
                requests.append((reader.method, b"".join(reader.out).partition(b"\r\n\r\n")[0], reader.keep_alive))
                reader.out.clear()
                reader.start()
                waiting = reader.feed(waiting)
        return requests

    @seeded(seed)
    @example(cuts=set(range(len(sent))))
    @given(cuts=st.sets(st.integers(0, len(sent))))
    def cut_anywhere(cuts):
        at = [0, *sorted(cuts), len(sent)]
        assert understood(sent[begin:end] for begin, end in itertools.pairwise(at)) == understood([sent])

    cut_anywhere()
    assert [method for method, _, _ in understood([sent])] == [b"GET", b"POST", b"POST"]


ANSWER = b"HTTP/1.1 200 OK\r\nServer: a\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello"
PIECES = [
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"POST ",
    b" ",
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b"304",
    b"Host: b\r\n",
    b"Connection: close\r\n",
]


@pytest.mark.parametrize(
    ("reader", "known"), [(RequestReader, BROWSER), (ResponseReader, ANSWER)], ids=["requests", "answers"]
)
def test_what_a_connection_remembers_changes_nothing_in_what_it_understands(reader, known, seed):
    """Whatever comes behind a message that has been seen before, it is understood, or refused, as on a new connection."""
    from hypothesis import example, given
    from hypothesis import strategies as st

    def understood(reader, data):
        reader.start(*[b"GET"] * isinstance(reader, ResponseReader))
        reader.out.clear()
        try:
            rest = reader.feed(data)
        except Malformed:
            return "refused"
        return rest, b"".join(reader.out), reader.complete, reader.keep_alive, reader.begun

    @seeded(seed)
    @example(edits=[])
    @example(edits=[(len(known), 0, PIECES[0])])  # with something behind it
    @given(
        edits=st.lists(
            st.tuples(st.integers(0, len(known)), st.integers(0, 9), st.sampled_from([b"", *PIECES])), max_size=3
        )
    )
    def edited_anywhere(edits):
        first, data = reader(), known
        understood(first, known)
        for at, removed, piece in edits:
            data = data[:at] + piece + data[at + removed :]
        assert understood(first, data) == understood(reader(), data)

    edited_anywhere()


def test_a_client_that_does_not_read_holds_little_of_the_balancers_memory(balance, make_nginx, link, observe):
    """Of a large answer that nobody reads, the balancer holds little; when it is read, all of it comes."""
    wire = link(backend(make_nginx, "large", large=bytes(LARGE_BYTES)))
    balancer = balance([wire])
    served(balancer, 10)
    before = memory(balancer)
    with socket.create_connection((balancer.host, balancer.port), timeout=10) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        eventually(lambda: stands_still(wire))
        held = memory(balancer) - before
        received = client.recv(2**20).partition(b"\r\n\r\n")[2]
        length = len(received)
        while length < LARGE_BYTES:
            length += len(client.recv(2**20))

    observe("memory held", held / 2**20, "MiB")
    assert held <= HELD_BYTES
    assert length == LARGE_BYTES


def stands_still(wire):
    """Whether much has passed, and nothing more passes."""
    before = wire.to_client.passed
    return before > 2**20 and not Event().wait(SHORT_SECONDS) and wire.to_client.passed == before


def memory(balancer):
    return sum(psutil.Process(pid).memory_info().rss for pid in balancer.pids)


def test_who_takes_turns_without_asking_who_is_well_loses_every_third_request(make_nginx, observe):
    """Counterexample: clients that take three addresses in turn, as names resolved by DNS are taken, fail whenever the dead one's comes."""
    addresses = [backend(make_nginx, name) for name in "abc"]
    addresses[1].kill()

    lost = sum(ask(server).status != 200 for server in itertools.islice(itertools.cycle(addresses), 30))

    observe("requests lost, of 30", lost, "requests")
    assert lost == 10


def test_a_request_costs_little_more_than_in_nginx_and_a_fifth_of_an_aiohttp_proxy(request, abc, peer, ratio):
    """With checks, time limits and all refusals on, a request takes at most 1.3 times nginx's CPU time, and a fifth of aiohttp's."""
    peer.wait_until_ready()
    members = {address(abc[0]): 1}
    aiohttp = SimpleNamespace(host=peer.host, port=peer.port, pids=[peer.process.pid])
    balancers = [ours(request, members, **CHECKED), nginx(request, members), aiohttp]
    with (
        one_core(abc[0], *balancers),
        ExitStack() as stack,
        ThreadPoolExecutor(1) as elsewhere,
    ):  # so that this thread's clock counts no client's work
        loads = [stack.enter_context(Load(one, BROWSER, b"\r\n\r\na", CONNECTIONS)) for one in balancers]
        run_ours, run_nginx, run_aiohttp = (
            lambda load=load: elsewhere.submit(load, 2 * CONNECTIONS).result() for load in loads
        )
        turns = {"clock": cpu_clock(*balancers), "slice_seconds": 0.015}
        to_nginx = ratio("ours ÷ nginx, CPU time a request", run_ours, run_nginx, pairs=15, **turns)
        to_aiohttp = ratio("aiohttp ÷ ours, CPU time a request", run_aiohttp, run_ours, pairs=5, **turns)

    assert to_nginx.high <= NGINX_RATIO
    assert to_aiohttp.low >= AIOHTTP_RATIO


@pytest.mark.benchmark(group="one request through a balancer")
def test_the_cost_of_one_request(balance, abc, benchmark):
    """What one request through each balancer costs a client that keeps its connection."""
    balancer = balance([abc[0]])
    with closing(connected(balancer)) as connection:
        assert benchmark(ask, balancer, kept=connection).body == "a"

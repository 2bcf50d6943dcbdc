"""Latency and data centres · how long answers take, and why

Problem        An answer from the other side of the world is late, however fast the machines at both ends are.
Idea           Measure how long the way there and back takes, from where the users are. Answer from the nearest place, make fewer
               trips, and do not wait for the slowest.
Guarantees     Nothing is faster than light in fibre. A trip costs what its way costs: a thousand dependent ones a thousand times
               that, and a thousand at once hardly more than one. When a region is gone its users are led to the next nearest,
               for a bounded number of failed requests; a second request for a late answer adds a bounded load.
Trade-off      Data that is near to everybody is in many places, and has to be kept equal there. Who asks twice works twice.
Not shown      Anycast, and names that are resolved by where one is; queues in routers and what congestion does to throughput;
               routes that change; a real ocean, but for --online.
Sources        RFC 792 (ICMP), RFC 1122 §3.2.2; RFC 9293 §3.5 (TCP); RFC 5246 §7.3 and RFC 8446 §2 (handshakes);
               ITU-T G.652 (fibre); Dean & Barroso, The Tail at Scale (2013); Natural Earth (the map)
Implementation src/sysdesign/networking/latency_and_data_centers
Engines        the system's ping and traceroute, icmplib, and TCP connects, on a planet in a network of this machine's own; TCP
               over links of the same delays, where there can be no such network: what only ICMP can show is then not observed
"""

import asyncio
import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from statistics import linear_regression, mean

import pytest

from fixtures import regions as stages
from fixtures.engines import engines
from fixtures.regions import FAR, REGIONS, WORLD
from sysdesign.networking import latency_and_data_centers as ours

ENGINES = ("ping", "icmplib", "tcp connect", "tcp link")
TOLERANCE_SHARE, TOLERANCE_MS = 0.10, 2.0  # by which a round trip may be off, whichever is more
PROBES, LOSE_EVERY, LATE_EVERY, LATE_MS = 40, 8, 13, 120.0
TRIPS = (1, 2, 4, 6)  # questions, each of which depends on the answer before
QUESTIONS = 20
FAILURES, WORKERS = 2, 4
RETRY_SECONDS = 30.0
SLOW_EVERY = 100  # requests to a server of which one is slow: its 99th percentile
REQUESTS, SLOW_ONES = 200, 20  # of these, one in so many is slow
SLOW_SECONDS, HEDGE_SECONDS = 0.3, 0.1
EXTRA_SHARE = 0.1  # of the load that asking again may add
FLIGHTS_TOLERANCE = 0.2  # round trips


def on(*names):
    """These engines, for tests that not all can observe."""
    return pytest.mark.parametrize("network", engines(dict.fromkeys(names)), indirect=True)


with_icmp = on("ping", "icmplib")


@pytest.fixture(scope="module")
def stage(authority):
    """The planet, the links and the servers, each of which starts when it is wanted first."""
    with stages.Stage(authority) as stage:
        yield stage


@pytest.fixture(params=engines(dict.fromkeys(ENGINES)))
def network(request, stage):
    """The world, and the engine that measures in it; whatever a test does to it is undone."""
    network = stage.network(request.param)
    yield network
    network.calm()


def test_every_pair_is_as_far_apart_as_its_fibre(network, stage, observe, draw):
    """Between all users and all data centres a round trip takes as long as the fibre between them makes it, and the map shows it."""
    found = stage.surveyed(network)
    off_by_ms = stages.farther_than_asked(found)
    least_ms = TOLERANCE_MS + network.own_ms
    allowed_ms = {pair: max(least_ms, TOLERANCE_SHARE * 1_000 * WORLD.round_trip(*pair)) for pair in found}

    if stage.draws(network, "map"):
        draw.map("Round trips between regions", "What is far away answers late.", *stages.map_of(found), "RTT [ms]")
    observe("pairs measured", len(found), "pairs")
    observe("largest deviation from what was asked for", max(map(abs, off_by_ms.values())), "ms")
    assert len(found) == len(REGIONS) ** 2
    assert {pair: off for pair, off in off_by_ms.items() if abs(off) > allowed_ms[pair]} == {}


def test_no_answer_outruns_light(network, stage, observe):
    """However short the way is on the map, no round trip is faster than light through glass in a straight line."""
    places = stages.places()
    far = {pair: sample for pair, sample in stage.surveyed(network).items() if pair[0] != pair[1]}
    detour = {pair: sample.least / ours.least_round_trip(*map(places.get, pair)) for pair, sample in far.items()}

    observe("round trip ÷ light in fibre, least", min(detour.values()))
    observe("round trip ÷ light in fibre, most", max(detour.values()))
    assert ours.great_circle_km(places["New York"], places["Frankfurt"]) == pytest.approx(6_206, rel=0.005)
    assert min(detour.values()) >= 1


@with_icmp
def test_a_trace_names_every_router_on_the_way(network, observe):
    """For each two regions the trace shows all cities on the way in their order, and none is nearer than light allows."""
    pairs = list(itertools.combinations(REGIONS, 2))
    with ThreadPoolExecutor(len(pairs)) as threads:
        found = list(threads.map(lambda pair: network.run(network.engine.trace, network.target(*pair)), pairs))
    traced = dict(zip(pairs, found, strict=True))
    early = {
        (pair, hop.distance)
        for pair, hops in traced.items()
        for hop, one_way in zip(hops, WORLD.delays(WORLD.path(*pair)), strict=False)
        if hop.round_trip < 2 * one_way
    }

    observe("traces, and routers in all of them", f"{len(pairs)} · {sum(len(hops) - 1 for hops in traced.values())}")
    observe("Johannesburg → Tokyo", " → ".join(stages.cities_of(traced["Johannesburg", "Tokyo"])))
    assert {pair: stages.cities_of(hops) for pair, hops in traced.items()} == {p: WORLD.path(*p) for p in pairs}
    assert {pair: hops[-1].address for pair, hops in traced.items()} == {p: WORLD.data_centre(p[1]) for p in pairs}
    assert early == set()


@with_icmp
def test_a_silent_router_hides_itself_and_nothing_behind_it(network, stage):
    """A router that does not tell of what it drops is a gap in the trace; the way behind it is still seen."""
    path = WORLD.path("Frankfurt", "Mumbai")
    stage.planet.silence(path[1])
    hops = network.run(network.engine.trace, network.target("Frankfurt", "Mumbai"), patience=0.3)

    assert stages.cities_of(hops) == [path[0], None, *path[2:]]
    assert [hop.distance for hop in hops] == list(range(1, len(path) + 2))
    assert hops[-1].address == WORLD.data_centre("Mumbai")


def test_users_are_led_to_the_region_that_answers_first(network, stage, observe):
    """Users everywhere get the data centre with the shortest round trip, which is the one in their own city where there is one."""
    found = stage.surveyed(network)
    order = {users: ours.nearest_first({region: found[users, region] for region in REGIONS}) for users in REGIONS}
    asked = {
        users: min(set(REGIONS) - {users}, key=lambda region: WORLD.round_trip(users, region)) for users in REGIONS
    }

    observe("next nearest", " · ".join(f"{users}: {regions[1]}" for users, regions in order.items()))
    assert {users: regions[0] for users, regions in order.items()} == {users: users for users in REGIONS}
    assert {users: regions[1] for users, regions in order.items()} == asked


def test_the_nearest_on_the_map_is_not_the_nearest_by_cable(network, stage, observe):
    """Counterexample: who goes by kilometres sends Johannesburg's users to Mumbai, which answers later than Frankfurt."""
    places, found = stages.places(), stage.surveyed(network)
    others = {region: found["Johannesburg", region] for region in REGIONS if region != "Johannesburg"}
    by_map = min(others, key=lambda region: ours.great_circle_km(places["Johannesburg"], places[region]))
    by_cable = ours.nearest_first(others)[0]

    observe("round trip to the nearest on the map ÷ to the nearest", others[by_map].least / others[by_cable].least)
    assert (by_map, by_cable) == ("Mumbai", "Frankfurt")
    assert others[by_map].least > 1.5 * others[by_cable].least


@with_icmp
def test_loss_and_delay_are_told_by_what_packets_met(network, stage, observe, draw):
    """Most packets are quick, some are late, some are lost: median, 99th percentile and share tell it, and a mean fits no packet."""
    users, region = FAR
    stage.planet.weather(region, lose_every=LOSE_EVERY, late_every=LATE_EVERY, late_ms=LATE_MS)
    sample = network.run(network.engine.ping, network.target(*FAR), PROBES, 0.01, 0.3)
    asked_ms, off = 1_000 * WORLD.round_trip(*FAR), pytest.approx
    average_ms = 1_000 * mean(sample.round_trips)

    if stage.draws(network, "spread"):
        stages.draw_distribution(draw, network, users, PROBES)
    for what, seconds in {"median": sample.typical, "99th percentile": sample.tail}.items():
        observe(f"{what} ÷ asked", seconds * 1_000 / asked_ms)
    observe("lost", 100 * sample.loss, "%")
    assert (sample.sent, sample.loss) == (PROBES, off(1 / LOSE_EVERY))
    assert 1_000 * sample.typical == off(asked_ms, rel=TOLERANCE_SHARE)
    assert 1_000 * sample.tail == off(asked_ms + LATE_MS, rel=TOLERANCE_SHARE)
    assert min(abs(1_000 * seen - average_ms) for seen in sample.round_trips) > TOLERANCE_MS


@on("tcp connect", "tcp link")
def test_dependent_trips_cost_one_each_and_independent_ones_one_together(network, observe):
    """Each question that waits for an answer costs one more round trip; twenty that do not are answered in the time of one."""
    asked = WORLD.round_trip(*FAR)
    took = network.run(stages.conversations, network.target(*FAR), TRIPS, QUESTIONS)
    slope, _ = linear_regression(TRIPS, [took[trips] for trips in TRIPS])

    observe("time for each dependent question ÷ round trip asked for", slope / asked)
    observe(f"time for {QUESTIONS} questions at once ÷ round trip asked for", took["together"] / asked)
    assert slope == pytest.approx(asked, rel=TOLERANCE_SHARE)
    assert took["together"] < 1.5 * asked


@on("tcp connect")
@pytest.mark.parametrize(("protocol", "handshake"), [("none", 0), ("TLSv1_3", 1), ("TLSv1_2", 2)], ids=lambda it: it)
def test_a_connection_costs_a_round_trip_and_its_seal_one_or_two_more(network, stage, protocol, handshake, observe):
    """TCP takes one round trip before anything can be asked, TLS 1.3 one more, TLS 1.2 two more; then the question takes its own."""
    asked = WORLD.round_trip(*FAR)
    took = network.run(stages.steps_of_connections, network.target(*FAR), protocol, stage.root)
    trips = [seconds / asked for seconds in (took.connection, took.handshake, took.answer)]

    observe(f"round trips to connect, to seal ({protocol}) and to ask", " · ".join(f"{trip:.2f}" for trip in trips))
    assert trips == [pytest.approx(count, abs=FLIGHTS_TOLERANCE) for count in (1, handshake, 1)]


def test_what_is_rare_for_one_server_is_common_for_who_asks_many(stage, observe, draw):
    """Each of a hundred servers is slow once in a hundred times; who needs an answer of each waits for a slow one mostly."""
    answers = asyncio.run(stages.queries(stage.slow_server(SLOW_EVERY, 0.002), ours.fan_out, SLOW_EVERY))
    slow_of_all = mean(answer == "slow" for query in answers for answer in query)
    slow_queries = mean("slow" in query for query in answers)

    stages.draw_fan_out(draw, answers, ours.any_of)
    observe("slow answers", 100 * slow_of_all, "%")
    observe("queries that waited for one", 100 * slow_queries, "%")
    assert slow_of_all == pytest.approx(1 / SLOW_EVERY)
    assert slow_queries == pytest.approx(ours.any_of(1 / SLOW_EVERY, stages.SHARDS), abs=0.15)
    assert slow_queries > 0.5


def test_asking_again_elsewhere_trims_the_tail_for_little_load(stage, observe):
    """Who asks a second server when the first is late hardly meets a slow answer any more, for a tenth more requests at most."""
    servers = [stage.slow_server(SLOW_ONES, SLOW_SECONDS, seed) for seed in (1, 2)]
    alone = Counter(asyncio.run(stages.hedged(servers, None, REQUESTS)))
    hedging = ours.Hedging(HEDGE_SECONDS, EXTRA_SHARE)
    before = stages.asked(servers)
    hedged = Counter(asyncio.run(stages.hedged(servers, hedging, REQUESTS)))
    extra = (stages.asked(servers) - before) / REQUESTS - 1

    observe("slow answers without, and with a second request", f"{alone['slow']} · {hedged['slow']}", f"of {REQUESTS}")
    observe("requests at the servers, more than without", 100 * extra, "%")
    assert alone == {"slow": REQUESTS // SLOW_ONES, "quick": REQUESTS - REQUESTS // SLOW_ONES}
    assert 5 * hedged["slow"] <= alone["slow"]
    assert 0 < extra <= EXTRA_SHARE + 1 / REQUESTS


def test_when_all_servers_are_slow_asking_again_does_not_double_their_load(stage, observe):
    """When every answer is late a second request would only make it worse: no more than the share agreed on is sent."""
    servers = [stage.slow_server(1, SLOW_SECONDS) for _ in range(2)]
    hedged = asyncio.run(stages.hedged(servers, ours.Hedging(HEDGE_SECONDS, EXTRA_SHARE), REQUESTS, at_once=REQUESTS))
    extra = stages.asked(servers) / REQUESTS - 1

    observe("requests at the servers, more than without", 100 * extra, "%")
    assert hedged == ["slow"] * REQUESTS
    assert extra <= EXTRA_SHARE + 1 / REQUESTS


@on("tcp connect", "tcp link")
def test_when_a_region_is_cut_off_its_users_are_led_to_the_next(network, stage, clock, observe):
    """A region that nothing reaches costs a counted number of failed requests; all others are answered by the next nearest."""
    order = ["Frankfurt", "New York", "Mumbai"]
    traffic = ours.Traffic(order, FAILURES, RETRY_SECONDS, clock)
    ask = stages.asking(network, "Frankfurt", order)
    before = stages.requests(traffic, ask, 2 * WORKERS, WORKERS)
    network.cut("Frankfurt")
    during = stages.requests(traffic, ask, 5 * WORKERS, WORKERS)
    network.calm()
    clock.advance(RETRY_SECONDS)
    after = stages.requests(traffic, ask, WORKERS, 1)

    observe("requests that failed", during["failed"], f"of {5 * WORKERS}")
    assert before == {"Frankfurt": 2 * WORKERS}
    assert during == {"failed": during["failed"], "New York": 5 * WORKERS - during["failed"]}
    assert FAILURES <= during["failed"] <= FAILURES + WORKERS - 1
    assert after == {"Frankfurt": WORKERS}


def test_a_region_that_is_gone_for_long_costs_one_request_at_a_time(clock):
    """Whether a region is back is found out by one request each half minute, and not by all."""
    traffic, asked = ours.Traffic(["near", "far"], FAILURES, RETRY_SECONDS, clock), []

    def ask(region):
        asked.append(region)
        if region == "near":
            raise ConnectionError

    for _ in range(10):
        counted = stages.requests(traffic, ask, 5, 1)
        clock.advance(RETRY_SECONDS)

    assert counted == {"failed": 1, None: 4}
    assert Counter(asked)["near"] == FAILURES + 9


@on("ping", "icmplib", "tcp connect")
def test_three_ways_not_to_be_reached_are_told_apart(network, stage):
    """That a name is unknown, that no way leads there, and that nobody answers at its end are three different errors."""
    stage.planet.cut("Tokyo")
    hosts = {
        "nowhere.invalid": "unknown host",
        "192.0.2.1": "no route",  # this machine knows none
        "203.0.113.1": "no route",  # the first router knows none
        WORLD.vacant("New York"): "unreachable",  # the last router says so
        WORLD.data_centre("Tokyo"): "unreachable",  # nobody says anything
        WORLD.data_centre("New York"): "",
    }

    assert stages.why_not(network, list(hosts)) == hosts


@with_icmp
def test_who_may_not_send_icmp_is_told_what_is_missing_and_offered_tcp(network, stage, observe):
    """Without the right to ping, the error names the right, and the same target is measured by connections instead."""
    target = network.target(*FAR)
    refused = stage.planet.strangers.run(ours.survey, network.engine, [target])[0]
    sample, before = stage.planet.strangers.run(ours.measure, [network.engine, ours.TcpConnects()], target)

    observe("told", str(refused))
    assert (refused.reason, [why.reason for why in before]) == ("not permitted", ["not permitted"])
    assert {"CAP_NET_RAW", "TCP"} <= set(str(refused).replace(",", "").split())
    assert sample.method == "tcp connect"
    assert sample.least == pytest.approx(WORLD.round_trip(*FAR), rel=TOLERANCE_SHARE)


@on("ping", "icmplib", "tcp connect")
def test_hosts_that_somebody_names_are_measured_and_drawn_on_the_same_map(network, stage, tmp_path, observe):
    """The command takes a file of hosts and their places, and leaves a table, the figures, and a map that needs no network."""
    told, rows, drawn = network.run(stages.command, stages.hosts_file(tmp_path), network.engine.name.split()[0])

    observe("first line", told.splitlines()[0])
    assert {row["to"]: row.get("method") for row in rows} == {
        **dict.fromkeys(REGIONS[1:], network.engine.name),
        "Atlantis": None,
    }
    assert rows[-1]["not_measured"].startswith("unknown host")
    assert all(row["least_ms"] >= row["light_in_fibre_ms"] for row in rows[:-1])
    assert stages.arcs_on(drawn) == len(REGIONS) - 1
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Nowhere, 91, 0, host", "line 2: 91.0, 0.0 is no point"),
        ("Nowhere, north, 0, host", "line 2: could not convert"),
        ("Nowhere, 1, 2", "line 2: expected name, latitude, longitude, host"),
        ("Here, 1, 2, host", "line 2: Here is there twice"),
        ("Nowhere, 1, 2, -f", "line 2: .* begins with a dash"),
        ("# nothing", "at least one host"),
    ],
    ids=["off the globe", "no number", "no host", "twice", "an option", "nobody"],
)
def test_a_file_that_cannot_be_read_is_refused_by_its_line(line, complaint):
    """A place that does not exist, or a line that lacks something, is told with its number before any packet is sent."""
    with pytest.raises(ValueError, match=complaint):
        ours.read_sites(f"Here, 50.1, 8.7\n{line}\n")


@pytest.mark.benchmark(group="one round trip within a region, measured")
def test_the_cost_of_one_measurement(network, benchmark):
    """What it takes to measure one round trip that is short."""
    target = network.target("Frankfurt", "Frankfurt")
    assert len(benchmark(network.run, network.engine.ping, target, 1).round_trips) == 1

"""CAP theorem · consistency or availability

Problem        When the network splits, no node can know what the other side is told: it can refuse, or answer what may be wrong.
Idea           A consistent store (CP) has a leader, and counts nothing that a majority has not confirmed: a minority refuses. An available
               one (AP) answers from its own copy, and the copies are merged later. A checker tells which it was, from what clients saw.
Guarantees     CP: all that clients are told fits one order of single steps (linearizability), whatever is cut, paused, killed or slow, and
               no acknowledged write is lost. AP: every node that lives answers, and all copies become equal when the network is whole.
Trade-off      CP: no answers without a majority, and round trips for each write even while all is well. AP: stale answers, and conflicts:
               a write is lost, or the reader gets two values, or the type of the value must know how to be merged.
Not shown      Transactions over several keys; members that join and leave; journals that are compacted; nodes that lie; disks that forget
               what they have synced; clocks that run too fast, by which no lease must be granted (a wrong time does no harm); partitions
               of one direction under etcd and Redis.
Sources        Gilbert and Lynch, “Brewer’s Conjecture”, 2002; Abadi, “Consistency Tradeoffs”, 2012 (PACELC); Herlihy and Wing,
               “Linearizability”, 1990; Lowe, “Testing for Linearizability”, 2017; Lamport, “Paxos Made Simple”, 2001; Gifford,
               “Weighted Voting”, 1979; Ongaro, “Consensus”, 2014, §4.2.3, §6.4; Shapiro et al., “Conflict-free Replicated Data Types”, 2011
Implementation src/sysdesign/distributed/cap_theorem
Engines        consistent (ours) · available (ours) · etcd · Redis
"""

import itertools
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.fault_schedules import performed, picture
from fixtures.histories import made_history, orders, parts_one_smaller, random_history
from fixtures.partitions import NO_ANSWER, attempt, puppets, started_clusters
from sysdesign.distributed.cap_theorem import KNOWN, NodeStore, NotAcknowledged, Verdict, check
from sysdesign.distributed.cap_theorem import draw as draw_schedule

RANDOM_HISTORIES = 400
OPERATIONS = 1_000
CLIENTS = 10
STEPS_AN_OPERATION = 50  # what the search may take on average, where trying every order would take a power
SCHEDULES, THOROUGH_SECONDS = 50, 600  # ten times as many are more than any other test has to do
ETCD_SCHEDULES = 1
SCHEDULES_UNTIL_REJECTED = 50
CLUSTERS = 4  # that run schedules at a time
KILLS = 2  # of the leader, in the quick profile
FAR_MS = 10  # one way between two nodes
PAIRS = 9
COUNTED = 50  # operations, during which there are few heartbeats
CONFIRMATION_RATIO = 3.0  # a write that waits for a round trip of twice FAR_MS, over one that waits for nobody
OLD, NEW, OTHER = "old", "new", "other"
PATIENT = "consistent, patient"
CONSISTENT = {"consistent": None, "etcd": "etcd"}
AVAILABLE = {"available": None, "Redis": "redis"}


def test_a_value_written_anywhere_is_found_everywhere_while_the_network_is_whole(cluster):
    """As long as nobody is cut off, every store answers at every node that serves, and all find what was written last."""
    key = cluster.key()
    cluster.write(key, OLD)
    cluster.write(key, NEW)

    assert all(eventually(lambda name=name: cluster[name].read(key) == NEW) for name in cluster.serving())


def test_the_checker_judges_every_history_whose_verdict_is_known():
    """Fifty histories, from the textbook and from the mistakes of real stores, are judged as they must be, with the smallest proof."""
    judged = {known.name: check(known.operations) for known in KNOWN}

    assert len(judged) == 50
    assert [known.name for known in KNOWN if judged[known.name].passed != known.is_linearizable] == []
    assert [known.name for known in KNOWN if len(judged[known.name].counterexample) != known.smallest] == []


def test_the_checker_says_what_trying_every_order_says(chance, thoroughness, observe):
    """On small histories made by chance, the checker says the same as somebody who patiently tries all orders."""
    histories = [random_history(chance) for _ in range(RANDOM_HISTORIES * thoroughness)]

    possible = [any(orders(history)) for history in histories]

    observe("random histories with an order", sum(possible), f"of {len(histories)}")
    assert 0 < sum(possible) < len(histories)
    assert [check(history).passed for history in histories] == possible


def test_a_thousand_operations_of_ten_clients_are_decided_and_the_proof_is_minimal(chance, observe):
    """A long history is decided either way, and of a violation so little is shown that nothing more can be left out."""
    history = made_history(chance, OPERATIONS, CLIENTS)
    broken = made_history(chance, OPERATIONS, CLIENTS, stale=True)

    judged, violated = check(history), check(broken)
    smaller = list(parts_one_smaller(violated.counterexample))

    observe("steps of the search, with an order", judged.steps, "steps")
    observe("steps of the search, without", violated.steps, "steps")
    observe("operations in the counterexample", len(violated.counterexample), f"of {OPERATIONS}")
    assert judged.passed
    assert judged.steps <= STEPS_AN_OPERATION * OPERATIONS
    assert violated.verdict is Verdict.VIOLATED
    assert [part for part in smaller if not check(part).passed] == []


def test_an_undecided_check_is_no_pass(chance):
    """A search that is given up before its end has shown nothing: neither that the history is right, nor that it is wrong."""
    judged = check(made_history(chance, OPERATIONS, CLIENTS), steps=OPERATIONS // 10)

    assert judged.verdict is Verdict.UNDECIDED
    assert not judged.passed


def test_the_majority_side_works_and_the_minority_refuses(consistent, observe):
    """The network splits with the leader in the minority: there nothing is done any more, and the majority goes on with a new leader."""
    key = consistent.key()
    leader = consistent.write(key, OLD)
    minority = [leader, *consistent.others(leader)][: (len(consistent.names) - 1) // 2]
    majority = [name for name in consistent.names if name not in minority]

    consistent.split(minority, majority)
    eventually(lambda: set(consistent.leaders()) & {*majority})
    write, read = (lambda store: store.write(key, NEW)), (lambda store: store.read(key))
    refused = [attempt(consistent, minority, act) for act in (write, read)]
    worked = [eventually(lambda act=act: attempt(consistent, majority, act)) for act in (write, read)]

    observe(f"operations that the minority of {len(consistent.names)} answers", sum(refused), "of 2")
    observe(f"operations that the majority of {len(consistent.names)} answers", sum(worked), "of 2")
    assert refused == [False, False]
    assert consistent.read(key) == [NEW]


@pytest.mark.parametrize("shape", ["deaf", "mute", "bridge"])
def test_a_partition_of_any_shape_leaves_one_side_that_works(nodes, shape):
    """A leader that hears nobody, one that nobody hears, and a node that alone hears both others: one leader goes on, and no two."""
    key = nodes.key()
    leader = nodes.write(key, OLD)
    others = nodes.others(leader)

    inward, outward = {(other, leader) for other in others}, {(leader, other) for other in others}
    nodes.sever({"deaf": inward, "mute": outward, "bridge": {(leader, others[0]), (others[0], leader)}}[shape])
    eventually(lambda: attempt(nodes, nodes.names, lambda store: store.write(key, NEW)))

    assert eventually(lambda: {nodes.answer(name, key) for name in nodes.names} - {None}) == {NEW}


def test_a_leader_that_slept_through_its_deposition_answers_nothing_old(nodes):
    """A leader is stopped, another is elected and written to; when the first wakes, alone, it does not tell the value that it knows."""
    key = nodes.key()
    sleeper = nodes.write(key, OLD)
    nodes.pause(sleeper)
    nodes.split([sleeper], nodes.others(sleeper))
    nodes.write(key, NEW)

    nodes.resume(sleeper)

    with closing(nodes.store(sleeper, lease=True)) as client, pytest.raises(NO_ANSWER):
        client.read(key)


def test_no_term_has_two_leaders_and_no_death_loses_an_acknowledged_write(consistent, thoroughness, observe):
    """The leader is killed again and again, and at last all nodes at once: whoever leads next knows all that was ever acknowledged."""
    written, terms = {}, set()
    for kill in range(KILLS * thoroughness):
        key, value = consistent.key(), f"before kill {kill}"
        leader, written[key] = consistent.write(key, value), [value]
        terms.update(consistent.terms())
        consistent.kill(leader)
        consistent.restart(leader)
    consistent.kill(*consistent.names)
    consistent.mend()
    terms.update(consistent.terms())

    lost = [key for key in written if consistent.read(key) != written[key]]
    observe("terms in which somebody led", len(terms), "terms")
    observe("acknowledged writes lost", len(lost), f"of {len(written)}")
    assert lost == []
    assert len(terms) == len({term for term, _ in terms}) > KILLS


def test_a_vote_outlives_a_crash(program):
    """A node that has voted, and is killed with -9, does not vote for another in the same term when it is back."""
    with puppets(program) as (node, first, second):
        first.ask(node, "vote", term=9)

        node.kill()
        node.start()

        second.connected()
        second.ask(node, "poll")  # it would vote again
        second.say(node, "vote", term=9, round=1)
        second.say(node, "vote", term=10, round=2)
        assert second.heard(lambda message: message["round"] in {1, 2})["round"] == 2


def test_a_voter_is_loyal_for_a_while_and_tells_the_newest_that_it_knows(program):
    """Who has just heard of a leader elects no other yet; when it does, it hands on the latest value, not the one that came last."""
    with puppets(program) as (node, first, second):
        first.ask(node, "store", term=9, cells={"key": [[9, 2], NEW]})
        first.ask(node, "store", term=9, cells={"key": [[9, 1], OLD]})

        second.say(node, "vote", term=10, round=1)
        vote = second.ask(node, "vote", term=10)

        assert vote["cells"] == {"key": [[9, 2], NEW]}
        assert 1 not in second.rounds


def test_a_leader_signs_what_it_inherits_and_confirms_what_it_reads(program):
    """A new leader puts its own term on what earlier ones have left, and shows nobody a value before a majority has it."""
    with puppets(program) as (node, peer, _), closing(NodeStore((node.host, node.port))) as client:
        inherited = peer.elect(node, {"key": [[1, 1], OLD]})
        eventually(lambda: client.ask("status")["leads"])

        with pytest.raises(NotAcknowledged):
            client.write("key", NEW)
        written = peer.heard(lambda message: NEW in str(message.get("cells")))
        with pytest.raises(NotAcknowledged):
            client.read("key")

        read = peer.heard(lambda message: message.get("cells") and message["round"] > written["round"])
        assert inherited["cells"] == {"key": [[inherited["term"], 1], OLD]}
        assert read["cells"] == {"key": [[inherited["term"], 2], NEW]}


@pytest.mark.parametrize(("writes", "reads"), list(itertools.product((1, 2, 3), repeat=2)))
def test_a_read_sees_the_last_write_for_sure_only_if_r_plus_w_exceeds_n(copies, writes, reads):
    """Of three nodes, some take part in a write and some in a read: if one must be in both, the read sees it, else it may not."""
    key, (first, *_, last) = copies.key(), copies.names
    copies.ask(first, "write", key=key, value=OLD, quorum=3)

    copies.split(copies.names[:writes])
    eventually(lambda: copies.ask(first, "write", key=key, value=NEW, quorum=writes) == {})
    copies.split(copies.names[-reads:])
    answer = eventually(lambda: copies.ask(last, "read", key=key, quorum=reads))

    assert answer["value"] == (NEW if reads + writes > len(copies.names) else OLD)


def test_both_sides_answer_and_then_an_acknowledged_write_is_lost(available, observe):
    """Each side of a partition acknowledges a write of its own; when the network is whole again, one of them was for nothing."""
    key = available.key()
    left, right = available.part()

    worked = [
        attempt(available, [side], lambda store, value=value: store.write(key, value))
        for side, value in ((left, OLD), (right, OTHER))
    ]
    during = {available[side].read(key) for side in (left, right)}
    available.mend()
    after = eventually(lambda: available.agreed(key))

    observe("writes acknowledged on both sides", sum(worked), "of 2")
    observe("writes left after healing", len({after}), "of 2")
    assert worked == [True, True]
    assert during == {OLD, OTHER}
    assert after in during


def test_a_fast_clock_wins_over_a_later_write(copies):
    """Where the last write wins by the clocks, a write on a node whose clock is behind is acknowledged, and gone at once."""
    key, fast, slow = copies.key(), "n1", "n3"
    copies[fast].write(key, OLD)
    eventually(lambda: copies.agreed(key) == OLD)

    copies[slow].write(key, NEW)

    assert [copies[name].read(key) for name in copies.names] == [OLD] * len(copies.names)


def test_siblings_keep_both_values_until_somebody_has_read_them(copies):
    """With vector clocks nothing is lost: both values stand side by side, until a write that has seen them replaces them."""
    key, sibling = copies.key(), {"kind": "siblings"}
    copies.split(["n1"], ["n2", "n3"])
    for name, value in (("n1", "left"), ("n2", "right"), ("n2", "right too")):
        copies.ask(name, "write", key=key, value=value, **sibling)

    copies.mend()
    both = eventually(lambda: len((found := copies.ask("n3", "read", key=key, **sibling))["value"]) == 3 and found)
    copies.ask("n3", "write", key=key, value="merged", context=both["context"], **sibling)

    assert both["value"] == ["left", "right", "right too"]
    assert all(eventually(lambda name=name: copies.value(name, key, **sibling) == ["merged"]) for name in copies.names)


def test_a_counter_counts_what_both_sides_have_counted(copies):
    """A value that knows how to be merged loses nothing, and nobody has to decide: each side counts, and the sum is right."""
    key, counter = copies.key(), {"kind": "counter"}
    copies.split(["n1"], ["n2", "n3"])
    for name, change in (("n1", 5), ("n2", 3), ("n3", -1), ("n1", 2)):
        copies.ask(name, "write", key=key, value=change, **counter)

    copies.mend()

    assert all(eventually(lambda name=name: copies.value(name, key, **counter) == 9) for name in copies.names)


@pytest.mark.timeout(THOROUGH_SECONDS)
def test_no_random_schedule_makes_the_consistent_store_break_its_promise(pool, seed, thoroughness, observe):
    """Nodes are cut off, paused and killed at random, fifty times over: each time there is one order for all that the clients saw."""
    runs = list(performed(pool, range(seed, seed + SCHEDULES * thoroughness)))

    observe("operations that were refused", sum(run.refused for run, _ in runs), "operations")
    observe("operations that were answered", sum(run.answered for run, _ in runs), "operations")
    observe(
        "schedules whose history was accepted",
        sum(judged.passed for _, judged in runs),
        f"of {SCHEDULES * thoroughness}",
    )
    assert "\n".join(f"{run.schedule}\n{judged}" for run, judged in runs if not judged.passed) == ""
    assert len(runs) == SCHEDULES * thoroughness
    assert sum(run.answered for run, _ in runs) > len(runs)


def test_etcd_keeps_its_promise_under_the_same_schedules(started, seed, thoroughness, observe):
    """The same faults on what the industry uses: one schedule in each run, for its elections take longer, and ten in a thorough one."""
    runs = list(performed([started("etcd")], range(seed, seed + ETCD_SCHEDULES * thoroughness)))

    observe("operations that were answered", sum(run.answered for run, _ in runs), "operations")
    assert [f"{run.schedule}\n{judged}" for run, judged in runs if not judged.passed] == []
    assert len(runs) == ETCD_SCHEDULES * thoroughness
    assert min(run.answered for run, _ in runs) > 0


def test_a_random_schedule_shows_the_available_store_to_be_inconsistent(available, seed, observe, draw):
    """Counterexample: the same faults on a store that always answers, and soon no order fits; the proof is a handful of operations."""
    seeds = range(seed, seed + SCHEDULES_UNTIL_REJECTED)

    *passed, (run, judged) = performed([available], seeds)

    observe("schedules until one was rejected", len(passed) + 1, "schedules")
    observe("the counterexample", f"{run.schedule}\n{judged}")
    lanes, bands = picture(run, judged)
    caption = "The shortest part of the history for which there is no order, among all that was done to the same key."
    draw.timeline("A run that no order explains", caption, lanes, bands=bands)
    assert judged.verdict is Verdict.VIOLATED
    assert draw_schedule(run.schedule.seed) == run.schedule


def test_without_a_partition_consistency_costs_a_round_trip_and_a_lease_saves_it(patient, copies, ratio, observe):
    """Nobody is cut off, and yet a write waits for a majority, and a read as well unless a lease allows to answer alone."""
    key, own = patient.key(), copies.key()
    leader = patient.write(key, OLD)
    for cluster in (patient, copies):
        cluster.slow(FAR_MS)
    leased = patient.store(leader, lease=True)

    with closing(leased):
        acts = {
            "confirmed write": lambda: patient[leader].write(key, NEW),
            "confirmed read": lambda: patient[leader].read(key),
            "write on one node": lambda: copies["n1"].write(own, NEW),
            "read under a lease": lambda: leased.read(key),
        }
        write, read = (
            ratio(f"time of a {slow} ÷ a {fast}", acts[slow], acts[fast], pairs=PAIRS)
            for slow, fast in (("confirmed write", "write on one node"), ("confirmed read", "read under a lease"))
        )
        messages = [patient.messages(acts[what], COUNTED) for what in ("confirmed write", "read under a lease")]

    observe("messages between nodes for a confirmed write, heartbeats included", messages[0], "messages")
    observe("messages between nodes for a read under a lease, heartbeats included", messages[1], "messages")
    assert min(write.low, read.low) >= CONFIRMATION_RATIO
    assert messages[1] < 1 < 2 * (len(patient.names) - 1) <= messages[0]


@pytest.mark.benchmark(group="21: a write on three nodes of one machine")
def test_what_a_write_costs(benchmark, cluster):
    """The price in time where there is no distance: what the engines take for an acknowledged write."""
    key = cluster.key()
    store = cluster[cluster.write(key, OLD)]

    benchmark(lambda: store.write(key, NEW))

    assert store.read(key) == NEW


# The stage: clusters that are started once, and made whole before each test


@pytest.fixture(scope="module")
def started(servers):
    """Give the cluster of a name, whole; it is started when it is asked for the first time."""
    with started_clusters(servers) as start:
        yield start


@pytest.fixture(params=engines({**CONSISTENT, **AVAILABLE}))
def cluster(request, started):
    return started(PATIENT if request.param == "consistent" else request.param)


@pytest.fixture(params=engines({**CONSISTENT, "five nodes": None}))
def consistent(request, started):
    return started(request.param)


@pytest.fixture(params=engines(AVAILABLE))
def available(request, started):
    return started(request.param)


@pytest.fixture
def nodes(started):
    """Three nodes of ours that are consistent."""
    return started("consistent")


@pytest.fixture
def patient(started):
    """Three nodes of ours that are consistent, and elect no other leader because the machine is busy for a moment."""
    return started(PATIENT)


@pytest.fixture
def copies(started):
    """Three nodes of ours that are available; the first one's clock is ahead, the last one's behind."""
    return started("available")


@pytest.fixture
def pool(started):
    """Several clusters of ours, each to run schedules of its own."""
    with ThreadPoolExecutor(CLUSTERS) as starts:
        return list(starts.map(lambda number: started("consistent", number), range(CLUSTERS)))

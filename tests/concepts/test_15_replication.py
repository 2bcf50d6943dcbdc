"""Replication · one primary, many replicas

Problem        One database is one machine: when it dies its data are gone or out of reach, and all reads queue for it.
Idea           One node, the primary, puts all writes into one log; replicas apply the same log in the same order and answer the reads.
               A position in the log is a token for how far a node has come.
Guarantees     A write acknowledged in synchronous mode outlives its primary, one acknowledged in quorum mode any minority of the nodes.
               A session reads what it wrote, and never an older state than it has read. A primary of a past epoch gets no
               acknowledgement from a majority.
Trade-off      Waiting for replicas costs a round trip, and in synchronous mode one dead replica stops all writes; not waiting loses
               what the replicas had not received. Reads that bring no token may be stale.
Not shown      Who decides that a primary is dead (failure detectors, elections, Raft); leases, without which an isolated asynchronous
               primary goes on acknowledging until it hears of its successor; compaction of the log; several primaries; nodes that
               prove to each other who they are; on PostgreSQL a loss of power, for the fixtures switch its fsync off.
Sources        PostgreSQL documentation, chapters 26 (streaming replication) and 28 (WAL); Terry et al., “Session Guarantees for Weakly
               Consistent Replicated Data”, 1994; Ongaro and Ousterhout, “In Search of an Understandable Consensus Algorithm”, 2014, §5
Implementation src/sysdesign/storage/replication
Engines        SQLite · PostgreSQL
"""

import contextlib
import itertools
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.links import Link
from sysdesign.storage.replication import (
    Cluster,
    Connection,
    Entry,
    Log,
    NoMajority,
    NotAcknowledged,
    PostgresMember,
    Refused,
    ReplicatedStore,
    SqliteMember,
    Superseded,
)

NODES = ("node-1", "node-2", "node-3")
READS = 60
KILLS = 2  # of the primary under load, in the quick profile; ten times as many in the thorough one
WRITERS = 3
ACKNOWLEDGED_BEFORE_THE_KILL = 30  # writes
LOST = 10  # writes that no replica has received when the primary dies
PACE_SECONDS = 0.002  # between two writes, while a replica is seeded
LAGS_MS = (0, 20, 40, 80)
FAR_MS = 5  # one way to a replica, in which time it serves nobody else
PAIRS = 7
SCALING_RATIO = 1.5  # three replicas serve three times as many, less what the machine takes for itself
SHORT_SECONDS = 0.4  # patience with an acknowledgement that must not come
LONG_SECONDS = 10.0  # patience with one that must
LONG_TEXT = "x" * 1_500  # long enough to aim at, too short for PostgreSQL to compress
POSTGRES_SETTINGS = {
    "wal_keep_size": "256MB",  # for standbys that were away
    "wal_retrieve_retry_interval": "20ms",  # a healed wire is noticed at once
}


def test_writes_go_to_the_primary_and_each_read_names_the_replica_that_served_it(cluster, store, observe):
    """A write goes to one node, the primary; reads are spread over the replicas, and every answer names its node."""
    store.write("alice", "1")
    eventually(cluster.in_step)

    answers = [store.read("alice") for _ in range(READS)]

    served = Counter(answer.node for answer in answers)
    for node, reads in served.items():
        observe(f"reads served by {node}", reads, "reads")
    assert {answer.value for answer in answers} == {"1"}
    assert served == {replica.name: READS // 2 for replica in cluster.replicas}


def test_a_replica_refuses_writes(cluster, store):
    """A replica takes no write, so that there is one order of all writes."""
    with pytest.raises(Refused):
        cluster.replicas[0].write("alice", "1")

    assert store.read("alice").value is None


def test_lag_is_a_distance_in_the_log_and_closes_when_the_wire_heals(cluster, store, observe):
    """How far a replica is behind can be read off its position; it makes up for it when its wire is whole again."""
    stalled, healthy = cluster.replicas
    before = stalled.status().position
    cluster.wire(stalled).stall()

    token = [store.write("alice", str(n)) for n in range(5)][-1]
    eventually(lambda: healthy.status().position >= token)

    observe("lag of the stalled replica", token - stalled.status().position, cluster.unit)
    assert stalled.status().position == before < token
    cluster.heal()
    eventually(cluster.in_step)


def test_a_replica_is_stale_for_as_long_as_its_wire_delays_and_a_session_never_sees_it(cluster, store, draw, observe):
    """The slower the wire, the longer a replica answers with the old value; a session is not answered by such a replica."""
    session, replica, windows, stale_in_session = store.session(), cluster.replicas[0], [], 0
    for lag in LAGS_MS:
        cluster.wire(replica).slow(lag)
        begin, stale = time.monotonic(), 0
        session.write("alice", str(lag))
        while replica.read("alice").value != str(lag):
            stale += 1
            stale_in_session += session.read("alice").value != str(lag)
        windows.append((lag, 1_000 * (time.monotonic() - begin)))
        observe(f"stale reads at a lag of {lag} ms", stale, "reads")

    caption = "A replica is stale for at least as long as the log takes to reach it."
    draw("Staleness", caption, {"replica": windows}, "injected lag [ms]", "time to see a write [ms]", kind="points")
    assert all(window >= lag for lag, window in windows)
    assert stale_in_session == 0


def test_a_session_reads_its_own_writes(cluster, store):
    """Whoever has just written sees it, though all replicas lag; whoever brings no token may be answered with the past."""
    for replica in cluster.replicas:
        cluster.wire(replica).stall()
    session = store.session()

    session.write("alice", "new")

    assert store.read("alice").value is None
    answer = session.read("alice")
    assert (answer.value, answer.node) == ("new", cluster.primary.name)
    cluster.heal()
    eventually(lambda: session.read("alice").node != cluster.primary.name)


def test_a_session_never_reads_backwards(cluster, store):
    """Between a fresh and a stale replica, reads jump back and forth in time; those of a session only go forward."""
    stalled, fresh = cluster.replicas
    store.write("alice", "old")
    eventually(cluster.in_step)
    cluster.wire(stalled).stall()
    store.write("alice", "new")
    eventually(lambda: fresh.read("alice").value == "new")
    session = store.session()

    eventually(lambda: session.read("alice").value == "new")

    assert {session.read("alice").value for _ in range(10)} == {"new"}
    assert {store.read("alice").value for _ in range(10)} == {"old", "new"}


@pytest.mark.parametrize(
    ("mode", "out_of_reach", "acknowledged"),
    [
        ("asynchronous", 2, True),
        ("quorum", 1, True),
        ("quorum", 2, False),
        ("synchronous", 0, True),
        ("synchronous", 1, False),
    ],
)
def test_a_write_is_acknowledged_by_as_many_as_its_mode_names(cluster, store, mode, out_of_reach, acknowledged):
    """Asynchronous waits for no replica, quorum for one of two, synchronous for both: with fewer there is no acknowledgement."""
    cluster.configure(mode)
    store.write("alice", "1")
    for replica in cluster.replicas[:out_of_reach]:
        cluster.wire(replica).cut()

    assert is_acknowledged(cluster.primary, within=LONG_SECONDS if acknowledged else SHORT_SECONDS) == acknowledged


def is_acknowledged(member, within):
    """Tell whether a node takes a write and says so."""
    member.patience_seconds = within
    try:
        member.write("bob", "2")
    except (NotAcknowledged, Refused):
        return False
    return True


def test_an_entry_is_on_the_disk_before_it_is_acknowledged(tmp_path):
    """Whatever a power cut leaves, what was synced at least, holds the entry when the log says that it is written."""
    file, disk = tmp_path / "entries.log", []
    log = Log(file, sync=lambda _: disk.append(file.read_bytes()))
    entry = Entry(1, 1, "alice", "1")

    log.append([entry])

    log.close()
    assert entry.encode() in b"".join(disk[-1:])


def test_an_acknowledged_write_stands_in_the_log_of_every_node_that_vouched_for_it(sqlite_cluster):
    """All nodes are killed with -9 the moment a synchronous write is acknowledged: it is in each one's log."""
    sqlite_cluster.configure("synchronous")
    token = sqlite_cluster.primary.write("alice", "1")
    members = (sqlite_cluster.primary, *sqlite_cluster.replicas)

    sqlite_cluster.kill(*members)

    logs = [Log(sqlite_cluster.nodes[member.name].directory / "entries.log") for member in members]
    positions = [log.position for log in logs]
    for log in logs:
        log.close()
    assert positions == [token] * len(NODES)


def test_a_new_replica_is_seeded_while_writes_go_on(cluster, observe):
    """A replica that joins late gets a snapshot and then the log behind it: nothing written before, meanwhile or after is missing."""
    written, enough = [], threading.Event()

    def write():
        primary, keys = cluster.another(cluster.primary), map(str, itertools.count())
        while not enough.wait(PACE_SECONDS):
            key = next(keys)
            primary.write(key, key)
            written.append(key)

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        eventually(lambda: len(written) >= 20)
        before = len(written)
        seeded = cluster.seed("node-4")
        observe("writes taken while the replica was seeded", len(written) - before, "writes")
        enough.set()
        writing.result()

    eventually(cluster.in_step)
    assert [key for key in written if seeded.read(key).value != key] == []


def test_a_killed_replica_is_passed_over_and_catches_up(cluster, store):
    """While a replica is dead the others answer all reads; when it is back it receives what it missed, and serves again."""
    dead, alive = cluster.replicas
    cluster.kill(dead)
    session = store.session()
    session.write("alice", "1")
    eventually(lambda: session.read("alice").node == alive.name)

    assert {session.read("alice").node for _ in range(10)} == {alive.name}

    cluster.restart(dead)
    eventually(lambda: session.read("alice").node == dead.name)


def test_an_entry_altered_on_its_way_is_detected_and_fetched_again(cluster, store):
    """One bit of the log flips on the wire: the replica's checksum does not fit, it does not apply the entry, and fetches it anew."""
    store.write("alice", "short")
    eventually(cluster.in_step)
    replica = cluster.replicas[0]
    wire, found = cluster.wire(replica), cluster.altered_entries_found(replica)
    passed = getattr(wire, cluster.downstream).passed
    wire.alter_byte(**{cluster.downstream: passed + len(LONG_TEXT) // 2})

    token = store.write("alice", LONG_TEXT)

    eventually(lambda: cluster.altered_entries_found(replica) > found)
    cluster.fetch_again(replica)
    eventually(lambda: replica.status().position >= token)
    assert replica.read("alice").value == LONG_TEXT


def test_an_entry_torn_by_a_crash_is_detected_and_fetched_again(sqlite_cluster):
    """A crash in mid-write leaves half an entry in a replica's log: it is not believed, and comes again from the primary."""
    primary, torn = sqlite_cluster.primary, sqlite_cluster.replicas[0]
    primary.write("alice", "old")
    eventually(sqlite_cluster.in_step)
    sqlite_cluster.kill(torn)
    token = primary.write("alice", "new")
    whole, half = (sqlite_cluster.nodes[member.name].directory / "entries.log" for member in (primary, torn))
    entry = whole.read_bytes().splitlines(keepends=True)[-1]

    with half.open("ab") as log:
        log.write(entry[: len(entry) // 2])
    sqlite_cluster.restart(torn)

    eventually(lambda: torn.status().position >= token)
    assert torn.status().torn == 1
    assert half.read_bytes().count(entry) == 1
    assert torn.read("alice").value == "new"


def test_the_most_advanced_replica_is_promoted(cluster, store):
    """Of two replicas, the one that has received more takes over: a write that a quorum acknowledged survives its primary."""
    cluster.configure("quorum")
    behind, ahead = cluster.replicas
    cluster.wire(behind).cut()
    store.write("alice", "1")

    cluster.kill(cluster.primary)
    promoted = cluster.promote()

    assert promoted.name == ahead.name
    assert promoted.read("alice").value == "1"


def test_an_asynchronous_failover_loses_what_no_replica_had_received(cluster, store, observe, draw):
    """When an asynchronous primary dies, the writes that it acknowledged and had not passed on are lost, and no others."""
    film = Film(cluster, store)
    received, lost = [f"received {n}" for n in range(LOST)], [f"lost {n}" for n in range(LOST)]
    film.write(received)
    eventually(cluster.in_step)
    for replica in cluster.replicas:
        cluster.wire(replica).cut()
    film.write(lost)
    film.note("primary killed")
    cluster.kill(cluster.primary)

    promoted = cluster.promote()

    film.note(f"{promoted.name} promoted")
    missing = [key for key in received + lost if promoted.read(key).value is None]
    film.write(f"later {n}" for n in range(LOST))
    caption = "The primary runs ahead of its replicas and dies; history goes on from where the promoted replica was."
    position = f"position [{cluster.unit}]"
    draw("Asynchronous failover", caption, film.series, "time [s]", position, kind="step", marks=film.marks)
    observe("acknowledged writes lost", len(missing), "writes")
    assert missing == lost


def test_synchronous_failovers_lose_no_acknowledged_write(cluster, observe, thoroughness):
    """The primary is killed with -9 under load, again and again; each time its successor has every acknowledged write."""
    acknowledged, missing = [], []
    for kill in range(KILLS * thoroughness):
        cluster.configure("synchronous")
        fresh = []
        with ThreadPoolExecutor(WRITERS) as pool:
            for writer in range(WRITERS):
                pool.submit(write_until_it_dies, cluster.another(cluster.primary), f"{kill}-{writer}", fresh)
            eventually(lambda: len(fresh) >= ACKNOWLEDGED_BEFORE_THE_KILL)  # noqa: B023 - called at once
            cluster.kill(cluster.primary)
        dead, promoted = cluster.primary, cluster.promote()
        acknowledged += fresh
        missing += [key for key in fresh if promoted.read(key).value is None]
        cluster.replace(dead)
        eventually(cluster.in_step)

    observe("kills of the primary", KILLS * thoroughness, "kills")
    observe("writes acknowledged", len(acknowledged), "writes")
    observe("acknowledged writes missing", len(missing), "writes")
    assert missing == []


def write_until_it_dies(primary, prefix, acknowledged):
    """Write as fast as it goes, and note each write that was acknowledged."""
    with contextlib.suppress(OSError):
        for n in itertools.count():
            primary.write(f"{prefix}-{n}", "1")
            acknowledged.append(f"{prefix}-{n}")
    primary.close()


def test_a_partition_has_one_side_that_acknowledges_writes(cluster, store):
    """A primary cut off from the others is replaced: then it acknowledges nothing any more, neither alone nor when it is back."""
    cluster.configure("quorum")
    old = cluster.primary
    cluster.isolate(old)

    cluster.promote()
    token = store.write("alice", "majority")

    assert not is_acknowledged(old, within=SHORT_SECONDS)
    cluster.let_reach_the_others(old)
    assert not is_acknowledged(old, within=SHORT_SECONDS)
    cluster.heal()
    assert cluster.primary.read("bob").value is None
    eventually(lambda: all(replica.read("alice", token) for replica in cluster.replicas if replica is not old))


@pytest.mark.differs(
    {"PostgreSQL": "a primary that restarts takes writes at once: keeping clients from it is the operator's business"}
)
def test_a_deposed_primary_that_returns_refuses_writes(cluster):
    """The old primary comes back from the dead and is no primary any more, whoever still believes in it."""
    old = cluster.primary
    cluster.kill(old)
    cluster.promote()

    cluster.restart(old)

    with pytest.raises(Refused):
        cluster.another(old).write("alice", "1")


def test_a_fence_outlives_a_crash(sqlite_cluster):
    """A node that has heard of a new epoch still refuses the primary of the old one after it was killed and started again."""
    replica = sqlite_cluster.replicas[0]
    with contextlib.closing(Connection(replica.where, LONG_SECONDS)) as wire:
        wire.ask("fence", epoch=9)

        sqlite_cluster.kill(replica)
        sqlite_cluster.restart(replica)

        with pytest.raises(OSError, match=str(replica.where[1])):  # the old connection died with the process
            wire.ask("status")
        with pytest.raises(Refused):
            wire.ask("join", epoch=8)


def test_without_a_majority_nobody_is_promoted(sqlite_cluster):
    """One node of three cannot know whether the others are dead or have a primary of their own: it stays a replica."""
    left, gone = sqlite_cluster.replicas
    sqlite_cluster.kill(sqlite_cluster.primary, gone)

    with pytest.raises(NoMajority):
        sqlite_cluster.promote()

    assert left.status().role == "replica"


def test_two_operators_cannot_both_promote(sqlite_cluster):
    """Each epoch is given once: the second of two operators that promote at the same time is refused."""
    hasty = Cluster(sqlite_cluster.primary, sqlite_cluster.replicas)

    sqlite_cluster.promote()

    with pytest.raises(Refused):
        hasty.promote()


def test_an_order_that_comes_late_is_not_obeyed(sqlite_cluster):
    """What a primary sent on a connection that it has given up since may still arrive: by then the replica follows another."""
    with contextlib.closing(Connection(sqlite_cluster.replicas[0].where, LONG_SECONDS)) as wire:
        first, second = (wire.ask("join", epoch=9)["ticket"] for _ in range(2))
        entry = Entry(1, 9, "alice", "1").encode().decode()

        with pytest.raises(Superseded):
            wire.ask("append", epoch=9, ticket=first, lines=[entry])

        assert wire.ask("append", epoch=9, ticket=second, lines=[entry])["mark"] == [9, 1]


def test_three_replicas_serve_more_reads_than_one(sqlite_cluster, ratio, observe):
    """Where a read keeps its replica busy for a while, three replicas serve almost three times as many reads a second as one."""
    sqlite_cluster.seed("node-4")
    eventually(sqlite_cluster.in_step)
    far = [sqlite_cluster.far_away(replica) for replica in sqlite_cluster.replicas]
    one, three = (ReplicatedStore(Cluster(sqlite_cluster.primary, replicas)) for replicas in (far[:1], far))

    with ThreadPoolExecutor(3) as readers:

        def reads(store):
            return Counter(answer.node for answer in readers.map(lambda _: store.read("alice"), range(6)))

        observe("of 6 reads, each of three replicas serves", max(reads(three).values()), "reads")
        gain = ratio("time a read, 1 replica ÷ 3 replicas", lambda: reads(one), lambda: reads(three), pairs=PAIRS)

    assert gain.low >= SCALING_RATIO


# The stage: three nodes of either engine, and a wire of its own between any two of them


class WiredCluster(Cluster):
    """A cluster whose wires between the nodes are links, so that each can be slowed, stalled and cut by itself."""

    def __init__(self, link):
        self.link, self.wires, self.isolated, self.nodes, self.members = link, {}, set(), {}, []
        primary, *replicas = self.start()
        super().__init__(primary, replicas)

    def route(self, primary, follower):
        return self.wire(follower, primary).address

    def wire(self, follower, primary=None):
        primary = primary or self.primary
        ends = (primary.name, follower.name)
        if ends not in self.wires:
            self.wires[ends] = self.link(primary.dials(follower))
            if self.isolated & {*ends}:
                self.wires[ends].cut()
        return self.wires[ends]

    def isolate(self, member):
        self.isolated.add(member.name)
        for wire in (wire for ends, wire in self.wires.items() if member.name in ends):
            wire.cut()

    def let_reach_the_others(self, member):
        """Heal the wires by which a primary feeds the others, and not yet those by which it would hear of its successor."""
        for wire in (wire for (primary, _), wire in self.wires.items() if primary == member.name):
            wire.heal()

    def heal(self):
        self.isolated.clear()
        for wire in self.wires.values():
            wire.slow(0)
            wire.heal()

    def kill(self, *members):
        for member in members:
            self.nodes[member.name].kill()

    def in_step(self):
        position = self.primary.status().position
        return all(replica.status().position >= position for replica in self.replicas)

    def member(self, name, where):
        self.members.append(self.speaks(name, where))
        return self.members[-1]

    def another(self, member):
        """A connection of one's own to a node."""
        return self.member(member.name, member.where)

    def close(self):
        for member in self.members:
            member.close()


class SqliteCluster(WiredCluster):
    """Nodes of ours, each with a SQLite file in a process of its own."""

    speaks, unit, downstream = SqliteMember, "entries", "to_server"

    def __init__(self, program, link):
        self.program = program
        super().__init__(link)
        self.configure("asynchronous")

    def start(self):
        members = [self.launch(name) for name in NODES]
        for node in self.nodes.values():
            node.wait_until_ready()
        return members

    def launch(self, name):
        node = self.nodes[name] = self.program("sysdesign.storage.replication", "--name", name, start=False)
        node.launch()
        return self.member(name, (node.host, node.port))

    def seed(self, name):
        member = self.launch(name)
        self.nodes[name].wait_until_ready()
        self.add(member)
        return member

    def restart(self, member):
        self.nodes[member.name].start()

    replace = restart  # a node that comes back is brought onto its new primary's history, whatever it was

    def far_away(self, member):
        """A connection on which each question takes a while, in which the node serves nobody else."""
        wire = self.link(member.where)
        wire.slow(FAR_MS)
        return self.member(member.name, wire.address)

    def altered_entries_found(self, member):
        return member.status().torn

    def fetch_again(self, member):
        """It has asked already."""


class PostgresCluster(WiredCluster):
    """A PostgreSQL primary with its standbys; made once, and repaired before each test."""

    speaks, unit, downstream = PostgresMember, "bytes of WAL", "to_client"

    def __init__(self, make, link):
        self.make = make
        super().__init__(link)

    def start(self):
        server = self.nodes[NODES[0]] = self.make(settings=POSTGRES_SETTINGS)
        primary = self.member(NODES[0], server.url)
        with ThreadPoolExecutor() as pool:
            return primary, *pool.map(lambda name: self.copy(name, primary), NODES[1:])

    def copy(self, name, primary):
        """Copy the primary as it is now; `configure` puts the copy on a wire of its own."""
        self.nodes[name] = self.make(standby_of=self.nodes[primary.name], settings=POSTGRES_SETTINGS)
        return self.member(name, self.nodes[name].url)

    def seed(self, name):
        member = self.copy(name, self.primary)
        self.add(member)
        return member

    def restart(self, member):
        self.nodes[member.name].restart()

    def replace(self, member):
        """Copy the primary anew: a deposed one does not find back by itself."""
        self.nodes[member.name].close()
        self.wires = {ends: wire for ends, wire in self.wires.items() if ends[0] != member.name}
        self.replicas[self.replicas.index(member)] = self.copy(member.name, self.primary)

    def repair(self):
        self.heal()
        if not self.nodes[self.primary.name].alive:
            self.restart(self.primary)
        for extra in self.replicas[len(NODES) - 1 :]:
            self.replicas.remove(extra)
            self.nodes[extra.name].close()
        for member in list(self.replicas):
            if not self.nodes[member.name].alive or member.status().role == "primary":
                self.replace(member)
        self.configure("asynchronous")
        with self.nodes[self.primary.name].client() as connection:
            connection.execute("TRUNCATE data")
        eventually(self.in_step)

    def altered_entries_found(self, member):
        return self.nodes[member.name].log.count("incorrect resource manager data checksum")

    def fetch_again(self, member):
        """A standby goes on reading its own copy of an altered record, and waits; it fetches that anew when it starts."""
        self.kill(member)
        self.restart(member)


class Film:
    """Notes where every node stands, after each write and at each event."""

    def __init__(self, cluster, store):
        self.members, self.store = (cluster.primary, *cluster.replicas), store
        self.begin, self.origin = time.monotonic(), cluster.primary.status().position
        self.series, self.marks = {member.name: [] for member in self.members}, {}

    def note(self, event=None):
        now = time.monotonic() - self.begin
        self.marks.update({event: now} if event else {})
        for member in self.members:
            with contextlib.suppress(OSError):
                self.series[member.name].append((now, member.status().position - self.origin))

    def write(self, keys):
        for key in keys:
            self.store.write(key, key)
            self.note()


@pytest.fixture
def sqlite_cluster(program, link):
    cluster = SqliteCluster(program, link)
    yield cluster
    cluster.close()


@pytest.fixture(scope="module")
def postgres_cluster(servers):
    with servers.private("postgres") as make, contextlib.ExitStack() as end:

        def link(address):
            made = Link(*address)
            end.callback(made.close)
            return made

        cluster = PostgresCluster(make, link)
        yield cluster
        cluster.close()


@pytest.fixture(params=engines({"SQLite": None, "PostgreSQL": None}))
def cluster(request):
    """A primary and two replicas, in asynchronous mode, empty and in step."""
    if request.param == "SQLite":
        return request.getfixturevalue("sqlite_cluster")
    cluster = request.getfixturevalue("postgres_cluster")
    cluster.repair()
    return cluster


@pytest.fixture
def store(cluster):
    return ReplicatedStore(cluster)

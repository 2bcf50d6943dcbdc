"""Sharding · consistent hashing, and slots that move

Problem        What does not fit one machine is cut into shares; and whoever cuts must find again, from any process, and be able to
               cut anew without standing still.
Idea           A hash gives every key a slot, a ring of points gives every slot a shard. A new shard takes slots from all others, and
               slots move one by one; which shard owns which slot is what the shards themselves say.
Guarantees     Every user is on one shard, the same for all processes. One more shard moves its share of the keys and no other. Whatever
               is killed while slots move, no user and no write is lost or doubled. An answer that lacks something says so.
Trade-off      A question without the key asks all shards, a name that is unique is one more write to another shard, money between two
               shards is under way for a while. No placement divides one hot key.
Not shown      Replicas of a shard (15 replication); one snapshot over all shards; shards that accept connections and never answer;
               names reserved for somebody who never came back.
Sources        Karger et al., “Consistent Hashing and Random Trees”, 1997; Lamping and Veach, “A Fast, Minimal Memory, Consistent Hash
               Algorithm”, 2014; Garcia-Molina and Salem, “Sagas”, 1987; Metwally et al., “Space-Saving”, 2005; Redis Cluster specification
Implementation src/sysdesign/storage/sharding
Engines        SQLite · PostgreSQL · Redis Cluster
"""

import functools
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import chain

import pytest

from fixtures.deaths import doomed
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.links import Link
from fixtures.processes import HOST, ROOT, free_port
from fixtures.servers.postgres_server import fresh_database
from sysdesign.storage import sharding
from sysdesign.storage.sharding import NameTaken, Ring, ShardDown, Step, Transfer, UnknownUser, User

KEYS = [f"user-{number}" for number in range(100_000)]
SHARDS = [f"shard-{number}" for number in range(1, 102)]
SIGMAS = 3  # of the binomial distribution: chance is outside once in 370 times, and these keys are always the same
LOOKUP_RATIO = 5  # uhashring ÷ ours, in the thread's own time
BEFORE, AFTER = SHARDS[:3], SHARDS[:4]
SLOTS = 32
BALANCE, AMOUNT = 1_000, 30  # cents
USERS = [User(f"user-{number}", f"name-{number}", BALANCE) for number in range(40)]
IDS = sorted(user.id for user in USERS)
NAMES = [user.name for user in USERS]
ROUNDS = 1  # of a kill behind each step, in the quick profile; ten times as many in the thorough one
NTH = 2  # slot of a resharder's life in which it dies: one has been moved, and is not touched again
HOT, HOT_SHARE, HOT_PARTS = KEYS[1], 0.5, 8  # one key gets so many of all requests; its parts are spread 3 : 3 : 2
COOLED_SHARE = 0.6  # of its writes at most so many go to one shard after that

on_databases = pytest.mark.parametrize("stage", engines({"SQLite": None, "PostgreSQL": "postgres"}), indirect=True)


def test_every_process_places_a_key_alike():
    """Processes started with other seeds for Python's own hashes place every key on the same shard."""
    keys = "\n".join(KEYS[:1_000])

    one, another = (command_line("place", *BEFORE, given=keys, PYTHONHASHSEED=seed).stdout for seed in "12")

    assert json.loads(one) == json.loads(another) == sharding.placed(BEFORE, keys.split())


@pytest.mark.parametrize("shards", [10, 100])
def test_shares_are_as_even_as_those_of_uhashring(shards, observe):
    """The busiest of ten or a hundred shards has no more above the average than with a well-known library."""
    from uhashring import HashRing

    library, ours = (
        busiest(shard_of, shards) for shard_of in (HashRing(SHARDS[:shards]).get_node, ring(shards).shard_of)
    )

    observe("max ÷ mean load, uhashring", library)
    observe("max ÷ mean load, ring", ours)
    assert 1 <= ours <= library


@pytest.mark.parametrize("shards", [4, 10, 32])
@pytest.mark.parametrize("placement", ["ring", "jump"])
def test_a_new_shard_takes_its_share_of_the_keys_and_nothing_else_moves(placement, shards, observe):
    """With one shard more, one key in that number of shards moves, each of them to the new shard."""
    make = {"ring": ring, "jump": lambda number: sharding.Jump(SHARDS[:number])}[placement]
    before, after = make(shards), make(shards + 1)

    homes = [(before.shard_of(key), after.shard_of(key)) for key in KEYS]

    moved = Counter(new for old, new in homes if old != new)
    observe(f"keys moved from {shards} to {shards + 1} shards", moved.total(), "keys")
    assert set(moved) == {SHARDS[shards]}
    assert is_binomial(moved.total(), 1 / (shards + 1))


def test_modulo_moves_nearly_every_key(observe):
    """Counterexample: by the remainder of a division, five shards instead of four move four keys in five."""
    before, after = sharding.Modulo(SHARDS[:4]), sharding.Modulo(SHARDS[:5])

    moved = sum(before.shard_of(key) != after.shard_of(key) for key in KEYS)

    observe("keys moved from 4 to 5 shards", moved, "keys")
    assert is_binomial(moved, 4 / 5)


def is_binomial(count, share):
    """Tell whether a count of keys is what chance makes of this share of all."""
    return abs(count - share * len(KEYS)) <= SIGMAS * math.sqrt(len(KEYS) * share * (1 - share))


def busiest(shard_of, shards):
    """Return the load of the busiest shard ÷ that of the average one."""
    return max(Counter(map(shard_of, KEYS)).values()) * shards / len(KEYS)


@functools.cache
def ring(shards, slots=2**16):
    return Ring(SHARDS[:shards], slots)


def test_ranges_keep_neighbours_together_and_a_directory_moves_one_key_alone():
    """A range of keys is asked of one shard and can be cut in two; a directory moves any key, and guesses for none that it lacks."""
    ranges, directory = sharding.Range({"": "A–M", "n": "N–Z"}), sharding.Directory({"ada": "one", "bob": "one"})

    cut, moved = ranges.split("f", "F–M"), directory.move("ada", "another")

    assert ranges.shards_between("ada", "bob") == {"A–M"}
    assert [cut.shard_of(key) for key in ("ada", "fay", "ned")] == ["A–M", "F–M", "N–Z"]
    assert [moved.shard_of(key) for key in ("ada", "bob")] == ["another", "one"]
    with pytest.raises(sharding.UnknownKey):
        moved.shard_of("nobody")


def test_a_lookup_costs_a_fifth_of_uhashrings(ratio):
    """One hash and one look into a table: five times as many keys are placed in the same time as by a well-known library."""
    from uhashring import HashRing

    def look_up(shard_of):
        return lambda: [shard_of(key) for key in KEYS[:500]]

    theirs, ours = look_up(HashRing(SHARDS[:10]).get_node), look_up(ring(10).shard_of)

    assert ratio("uhashring ÷ ring", theirs, ours, clock=time.thread_time).low >= LOOKUP_RATIO


def test_every_user_is_on_exactly_one_shard(filled, stage, observe):
    """Each user lies on one shard and on no other, and whoever looks for it looks there."""
    contents, another = stage.contents(), stage.client()

    for shard, users in contents.items():
        observe(f"users on {shard}", len(users), "users")
    assert sorted(chain(*contents.values())) == IDS
    assert [another.get(user.id) for user in USERS] == USERS
    assert all(user.id in contents[another.home(user.id)] for user in USERS)


def test_an_unknown_user_is_an_error_and_makes_nothing(stage):
    """Whoever asks for a user, or gives money to one, who was never added is told so; nothing comes into being by that."""
    client = stage.client()

    told = [outcome(client.get, "nobody"), outcome(client.deposit, "nobody", AMOUNT), outcome(client.remove, "nobody")]

    assert told == [UnknownUser] * 3
    assert [*chain(*stage.contents().values())] == []


def test_a_name_is_unique_across_all_shards_though_its_owner_is_added_by_halves(stage):
    """A name is reserved before its user is added, on another shard: if that falls silent, the name waits for the user's retry."""
    client = stage.client()
    one, another = apart(client)
    name = next(name for name in NAMES if client.home_of_name(name) != client.home(one))
    with stage.silence(client.home(one)), pytest.raises(ShardDown):
        client.add(User(one, name))

    with pytest.raises(NameTaken):
        client.add(User(another, name))
    client.add(User(one, name))

    assert (client.get(one).name, outcome(client.get, another)) == (name, UnknownUser)
    client.remove(one)
    client.add(User(another, name))


@pytest.mark.parametrize("reachable", [1, -1], ids=["all but one", "one"])
def test_silent_shards_fail_their_users_alone_and_an_answer_without_them_says_so(filled, stage, reachable, observe):
    """A key is asked of its own shard, so that users of the others notice nothing; a question to all names the shards that it lacks."""
    silent = sorted(stage.contents())[:-reachable]
    elsewhere, asleep = [user for user in IDS if filled.home(user) not in silent], stage.client()
    asleep.with_balance(0)

    with stage.silence(*silent):
        clients = (filled, stage.client())
        served = [[user for user in IDS if outcome(client.deposit, user, 1) != ShardDown] for client in clients]
        answers = [client.with_balance(0) for client in clients]

    observe("shards asked for all users", answers[0].asked, "shards")
    observe("slots without an answer", len(answers[0].missing), "slots")
    assert served == [elsewhere] * 2
    assert [(found(answer), answer.whole, [*answer.down]) for answer in answers] == [(elsewhere, False, silent)] * 2
    assert [(found(answer), answer.whole) for answer in (one.with_balance(0) for one in (asleep, filled))] == [
        (IDS, True)
    ] * 2


def test_users_are_read_written_and_found_at_every_step_of_resharding(filled, stage, draw, observe):
    """While slots move to another shard, each user can be read, changed, removed and found, whatever step it is at."""
    clerk, before, steps = Clerk(filled), stage.contents(), []

    def at_each_step(step, slot):
        here = [user for user in clerk.balances if filled.slot_of(user) == slot]
        for user in here:
            clerk.reads(user)
            if step != "confirmed":  # the slot is locked then: writers have to wait
                clerk.writes(user)
        if step == "copied" and here and len(clerk.balances) == len(IDS):
            clerk.removes(here[0])
        clerk.finds_all()
        steps.append(step)

    stage.reshard(at_each_step)

    shards = {"before": before, "after": stage.contents()}
    sizes = {when: [(name, len(users)) for name, users in contents.items()] for when, contents in shards.items()}
    draw("Users a shard", "The other shards give, and exchange nothing.", sizes, "shard", "users", kind="bars")
    observe("steps at which all was well", len(steps), "steps")
    assert (clerk.wrong, len(clerk.balances)) == ([], len(IDS) - 1)
    assert sorted(chain(*shards["after"].values())) == sorted(clerk.balances)


@on_databases
def test_resharding_that_is_killed_again_and_again_loses_and_doubles_nothing(stage, filled, thoroughness, observe):
    """The resharder is killed with -9 behind each of its steps, and started again, while users are read and written."""
    clerk, killed, completed = Clerk(filled), [], []
    for turn in range(ROUNDS * thoroughness):
        target = (AFTER, BEFORE)[turn % 2]
        with ThreadPoolExecutor() as pool:
            killing = pool.submit(lambda: [stage.doomed_resharder(target, step) for step in Step])  # noqa: B023 - awaited here
            clerk.works_until(killing.done)
            completing = pool.submit(stage.resharder, target)
            clerk.works_until(completing.done)
        killed += killing.result()
        completed.append(completing.result())

    contents = stage.contents()
    observe("kills", killed.count(-signal.SIGKILL), "kills")
    observe("rounds of reads and writes meanwhile", clerk.rounds, "rounds")
    assert ({*killed}, {*completed}, clerk.wrong) == ({-signal.SIGKILL}, {0}, [])
    assert sorted(chain(*contents.values())) == IDS
    assert {shard for shard, users in contents.items() if users} == {*target}


@on_databases
def test_a_resharder_that_was_overtaken_touches_nothing_any_more(filled, stage):
    """Two operators move the same slots: the one that comes too late is refused, and does not undo what was written since."""
    clerk = Clerk(filled)

    def overtake(_step, slot):
        if here := [user for user in IDS if filled.slot_of(user) == slot]:
            stage.reshard()
            clerk.writes(here[0])

    with pytest.raises((sharding.Superseded, sharding.Moved)):
        stage.reshard(overtake)

    for user in IDS:
        clerk.reads(user)
    assert clerk.wrong == []


@on_databases
def test_a_handover_of_the_past_is_not_obeyed(filled, stage):
    """While a slot is being copied, whoever remembers an earlier handover cannot make the copy count before it is complete."""
    newest, slots = stage.operator[-1], []

    def break_off(_step, slot):
        slots.append(slot)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        stage.reshard(break_off)
    newest.take(slots[0], epoch=1)

    assert newest.look("SELECT slot, state FROM slots") == [(slots[0], "arriving")]


@on_databases
def test_money_sent_to_another_shard_arrives_once_whatever_falls_silent(filled, stage):
    """Either shard may fall silent in the middle, and several may try to complete a transfer: it is taken once and given once."""
    payer, payee = apart(filled)
    transfers, transfer = sharding.Transfers(filled.shards), Transfer("t-1", payer, payee, AMOUNT)
    with stage.silence(filled.home(payee)):
        begun = transfers.make(transfer)
    late = transfers.under_way()
    with stage.silence(filled.home(payer)), pytest.raises(ShardDown):
        transfers.deliver(transfer)

    transfers.settle()
    again = [transfers.deliver(one) for one in late] + [transfers.make(transfer)]
    refused = transfers.make(Transfer("t-2", payer, "nobody", AMOUNT))

    assert (begun, late, again, refused) == ("under way", [transfer], ["arrived"] * 2, "returned")
    assert [filled.get(user).balance for user in (payer, payee)] == [BALANCE - AMOUNT, BALANCE + AMOUNT]
    assert transfers.under_way() == []


def test_money_sent_in_two_plain_writes_is_lost_between_them(filled, stage, observe):
    """Counterexample: the payee's shard falls silent behind the first of two writes, and the money is nowhere."""
    payer, payee = apart(filled)

    filled.deposit(payer, -AMOUNT)
    with stage.silence(filled.home(payee)), pytest.raises(ShardDown):
        filled.deposit(payee, AMOUNT)

    lost = 2 * BALANCE - sum(filled.get(user).balance for user in (payer, payee))
    observe("money lost", lost, "cents")
    assert lost == AMOUNT


@pytest.mark.parametrize("stage", engines({"Redis Cluster": None}), indirect=True)
def test_a_command_over_two_slots_is_refused(stage):
    """Redis Cluster does not promise what it cannot keep: a write to two slots is refused, unless a tag in braces makes them one."""
    from redis.exceptions import ClusterCrossSlotError

    with pytest.raises(ClusterCrossSlotError):
        next(iter(stage.addresses.values())).execute_command("MSET", "balance:ada", 1, "balance:bob", 2)

    assert stage.cluster().mset({"balance:{shop}:ada": 1, "balance:{shop}:bob": 2})


@on_databases
def test_a_hot_key_is_found_and_split(stage, chance, observe):
    """The one key that half of all requests want is found by counting, and spread over shards without losing a count."""
    hot, (aware, unaware) = sharding.HotKeys(), (sharding.Counters(stage.client().shards, chance) for _ in range(2))
    for _ in range(2_000):
        hot.count(HOT if chance.random() < HOT_SHARE else chance.choice(KEYS))
    (celebrity,) = hot.hotter_than(HOT_SHARE / 2)

    counts = []
    for parts in (1, HOT_PARTS):
        aware.split(celebrity, parts)
        for counters in (aware, unaware) * 50:
            counters.add(celebrity)
        values = stage.contents("SELECT value FROM counters")
        counts.append(Counter({shard: sum(here) for shard, here in values.items()}))

    later = counts[1] - counts[0]
    observe("busiest shard's share of the writes, once split", max(later.values()) / later.total())
    assert (celebrity, max(counts[0].values())) == (HOT, 100)
    assert max(later.values()) <= COOLED_SHARE * later.total()
    assert aware.value(celebrity) == unaware.value(celebrity) == 200


@pytest.mark.benchmark(group="one read of a user on its shard")
def test_the_cost_of_one_read(filled, benchmark):
    """What it costs to find a user's shard and to read the user there."""
    assert benchmark(filled.get, USERS[0].id) == USERS[0]


# The stage: three shards that own all slots and a fourth that owns none yet; on Redis Cluster three nodes


def outcome(act, *arguments):
    """Return what comes of it, or the class of the error that it raises."""
    try:
        return act(*arguments)
    except (UnknownUser, ShardDown) as error:
        return type(error)


def found(answer):
    return sorted(row[0] for row in answer.rows)


def apart(client):
    """Return two ids that belong on different shards."""
    return IDS[0], next(user for user in IDS if client.home(user) != client.home(IDS[0]))


class Clerk:
    """The only one who writes to the users: whatever is not as this clerk left it is noted as wrong."""

    def __init__(self, client):
        self.client, self.balances, self.wrong, self.rounds = client, dict.fromkeys(IDS, BALANCE), [], 0

    def notes(self, expected, told):
        self.wrong += [] if told == expected else [(expected, told)]

    def reads(self, user):
        self.notes(self.balances[user], outcome(lambda: self.client.get(user).balance))

    def writes(self, user):
        self.balances[user] += 1
        self.notes(self.balances[user], outcome(self.client.deposit, user, 1))

    def removes(self, user):
        del self.balances[user]
        self.notes(None, outcome(self.client.remove, user))

    def finds_all(self):
        answer = self.client.with_balance(0)
        self.notes((True, sorted(self.balances)), (answer.whole, found(answer)))

    def works_until(self, done):
        """Write to all users and read them, again and again, and once more in the end."""
        over = False
        while not over:
            over = done()
            for user in IDS:
                self.writes(user)
                self.reads(user)
            self.finds_all()
            self.rounds += 1


def command_line(*arguments, given="", **environment):
    """Run the implementation's own command line in another process."""
    command = [sys.executable, "-m", "fixtures.run", "sysdesign.storage.sharding", *arguments]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}", **environment}
    options = {"cwd": ROOT, "env": environment, "input": given, "capture_output": True, "text": True, "timeout": 60}
    return subprocess.run(command, check=False, **options)


class Stage(ExitStack):
    """Shards at their addresses, and what leads to each of them and can be cut; clients are closed in the end."""

    def __init__(self, addresses, wires, speak=None, operator=(), mortal=None):
        super().__init__()
        self.addresses, self.wires, self.speak, self.operator = addresses, wires, speak, operator
        self.mortal = mortal

    @contextmanager
    def silence(self, *names):
        for name in names:
            self.wires[name].cut()
        try:
            yield
        finally:
            for name in names:
                self.wires[name].heal()


class Databases(Stage):
    """Shards of ours; each client has connections of its own, as another process would."""

    def shards(self):
        shards = [self.speak(name, address) for name, address in self.addresses.items()]
        return [self.enter_context(closing(shard)) for shard in shards]

    def client(self):
        return sharding.Users(sharding.Shards(self.shards(), SLOTS))

    def filler(self):
        """Return a client without wires in between: to fill the shards takes many round trips."""
        return sharding.Users(sharding.Shards(self.operator, SLOTS))

    def contents(self, question="SELECT id FROM users"):
        return {shard.name: [value for (value,) in shard.look(question)] for shard in self.operator}

    def reshard(self, report=lambda _step, _slot: None):
        sharding.Resharder(self.shards(), report).run(ring(len(AFTER), SLOTS))

    def resharder(self, target):
        """Reshard from the command line, and return how that has ended."""
        addresses = json.dumps({name: str(address) for name, address in self.addresses.items()})
        command = ("reshard", *target, "--slots", str(SLOTS))
        return command_line(*command, **{sharding.ADDRESSES: addresses}).returncode

    def doomed_resharder(self, target, dies_behind):
        """Reshard in a process that is killed behind a step of the NTH slot that it moves; return how it has ended."""
        shards = [f"command_line.shard_at({name!r}, {str(address)!r})" for name, address in self.addresses.items()]
        report = f"lambda step, _: step == {str(dies_behind)!r} and next(lives, None) is None and die()"
        run = f"Resharder([{', '.join(shards)}], {report}).run(Ring({target!r}, {SLOTS}))"
        return self.mortal.attempt(f"[lives := iter(range({NTH - 1})), {run}]")


class Cluster(Stage):
    """Redis Cluster, whose nodes send clients to the wires that lead to them; addressed here by clients of one node each."""

    def cluster(self):
        return self.enter_context(sharding.connect(*(wire.address for wire in self.wires.values())))

    def client(self):
        return sharding.RedisClusterUsers(self.cluster())

    filler = client

    def contents(self):
        keys = {name: node.keys("user:*") for name, node in self.addresses.items()}
        return {name: [key.decode().removeprefix("user:") for key in here] for name, here in keys.items()}

    def reshard(self, report):
        """Move the slots of all users of the first node to the last."""
        (source, *others, target), (users, *_) = self.addresses.values(), self.contents().values()
        for slot in sorted({*map(self.client().slot_of, users)}):
            sharding.move_slot(slot, source, target, others, report)


class Disk:
    """What leads to a file: when it is gone, so is the file."""

    def __init__(self, path):
        self.path, self.elsewhere = path, path.with_suffix(".gone")

    def cut(self):
        self.path.rename(self.elsewhere)

    def heal(self):
        self.elsewhere.rename(self.path)


@pytest.fixture(scope="module")
def mortal():
    """A process whose children reshard, and are killed at it."""
    with doomed(sharding.__name__, preload=["psycopg"]) as process:
        yield process


@pytest.fixture
def sqlite(tmp_path, mortal):
    """Files; a killed process loses nothing for it that SQLite does not wait for their disk."""
    paths = {name: tmp_path / f"{name}.db" for name in AFTER}
    disks = {name: Disk(path) for name, path in paths.items()}
    speak = functools.partial(sharding.SqliteShard, synchronous="OFF")
    return Databases(paths, disks, speak, [speak(name, path) for name, path in paths.items()], mortal)


@pytest.fixture(scope="module")
def postgres_shards(servers):
    """Four databases, and who speaks to each without a wire in between."""
    with ExitStack() as end, ThreadPoolExecutor() as pool:
        new = [fresh_database(servers.shared("postgres")) for _ in AFTER]
        urls = dict(zip(AFTER, pool.map(end.enter_context, new), strict=True))
        yield urls, [end.enter_context(closing(sharding.PostgresShard(name, url))) for name, url in urls.items()]


@pytest.fixture
def postgresql(postgres_shards, postgres_server, link, mortal):
    """Databases, each at the far end of a wire of its own."""
    (urls, operator), wires, there = (
        postgres_shards,
        {name: link(postgres_server) for name in AFTER},
        postgres_server.port,
    )
    through = {name: url.replace(f":{there}/", f":{wires[name].port}/") for name, url in urls.items()}
    return Databases(through, wires, sharding.PostgresShard, operator, mortal)


@pytest.fixture(scope="module")
def redis_nodes(servers):
    """Three nodes of a cluster, by the wires that they announce as their own addresses."""
    with servers.private("redis") as make, ExitStack() as end:
        nodes, buses = {}, [free_port() for _ in range(3)]
        for bus in buses:
            wire = end.enter_context(closing(Link(HOST, bus)))
            flags = {"enabled": "yes", "port": bus, "announce-port": wire.port, "require-full-coverage": "no"}
            node = make(flags=[part for name in flags for part in (f"--cluster-{name}", str(flags[name]))])
            nodes[wire], wire.target = end.enter_context(node.client()), (node.host, node.port)
        sharding.create_cluster([*nodes.values()], buses)
        yield nodes


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request):
    """Starts the cluster that a test will need: its nodes take seconds to hear of each other, in which others run."""
    if any(
        getattr(item, "callspec", None) and item.callspec.params.get("stage") == "Redis Cluster"
        for item in request.session.items
    ):
        request.getfixturevalue("redis_nodes")


@pytest.fixture
def redis_cluster(redis_nodes):
    """Three nodes that agree, empty."""
    agreed = {"cluster_state": "ok", "cluster_slots_ok": "16384", "cluster_known_nodes": "3"}
    eventually(lambda: all(agreed.items() <= node.cluster("INFO").items() for node in redis_nodes.values()))
    for node in redis_nodes.values():
        node.flushall()
    names = {f"{wire.host}:{wire.port}": wire for wire in redis_nodes}
    return Cluster(dict(zip(names, redis_nodes.values(), strict=True)), names)


@pytest.fixture(params=engines({"SQLite": None, "PostgreSQL": "postgres", "Redis Cluster": None}))
def stage(request):
    """Shards of one engine, empty."""
    with request.getfixturevalue(request.param.lower().replace(" ", "_")) as stage:
        if isinstance(stage, Databases):
            sharding.found(stage.operator, ring(len(BEFORE), SLOTS))
        yield stage
        for shard in stage.operator:
            shard.clear()


@pytest.fixture
def filled(stage):
    """A client of a stage that has all users."""
    filler = stage.filler()
    for user in USERS:
        filler.add(user)
    return stage.client()

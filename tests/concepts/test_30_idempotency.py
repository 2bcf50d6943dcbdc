"""Idempotency · Idempotency-Key

Problem        An answer that does not come tells nothing: the payment may have been made, or not. Who asks again may pay
               twice, who does not may not have paid.
Idea           The client names each payment by a key of its own choice. The server acts once for each key, keeps the answer,
               and gives it again to whoever asks again.
Guarantees     However often, from wherever and into whatever crash a request is sent: one effect, and the same answer for
               all, as long as the key is kept. A request that got no answer, 409 or 503 may be sent again at any time.
Trade-off      A write more for each request, and a wait for duplicates. The key must live in the store of the effect, in its
               transaction: keys in Redis are quicker to add to what exists, and a crash at the wrong moment pays twice.
Not shown      Effects outside the store (an e-mail, another company's API: pass the key on to them); the sweeping of expired
               keys; a store that accepts connections and never answers.
Sources        draft-ietf-httpapi-idempotency-key-header-07; RFC 9110 §9.2.2; RFC 9457; RFC 9651 §3.3.3
Implementation src/sysdesign/distributed/idempotency
Engines        sqlite · postgres · redis
"""

import functools
import itertools
import json
import select
import signal
import sqlite3
import time
import uuid
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection

import psutil
import pytest

from fixtures.apps import served_apps
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.ratios import cpu_clock
from fixtures.servers.postgres_server import fresh_database
from sysdesign.distributed.idempotency import Answer, Claim, PostgreSQL, Problem, RedisKeys, Step, create_app

API = "sysdesign.distributed.idempotency:create_app"
TOKENS = {caller: f"token of {caller}" for caller in ("alice", "bob")}
BALANCE = 1_000_000
AMOUNT = 5
DUPLICATES = 50
NOT_NOW = (409, 503)
KEEP_SECONDS = 3600.0
LEASE_SECONDS = 0.1  # of a claim in Redis whose process dies: the retry has to wait for its end
WATCHED_SECONDS = 0.3  # how long nothing must happen: long enough for a wrong answer to come on a busy machine
LONGEST_KEY = 255
FIRST_CALL_RATIO, REPLAY_RATIO = 3.0, 2.0  # of the computing that the bare handler takes, of the API and its servers
WARM_UP_CALLS = 20  # until connections are open and statements prepared
CLAIM, PAID = Claim("alice", "a key", "a fingerprint"), Answer(201, {"number": 1})
HALT = {"interrupt_at": Step.ACTED.value, "interrupt_with": "SIGSTOP"}  # paid, and not yet committed


def new_key():
    return f'"{uuid.uuid4()}"'


@dataclass(frozen=True)
class Reply:
    status: int
    body: dict
    headers: dict

    @property
    def told(self):
        """What the client is told, without how it came about."""
        return self.status, self.body, self.headers.get("Location")


class Pending:
    """A request that is under way: sent, and its answer not yet read."""

    def __init__(self, connection):
        self._connection = connection

    def answered(self, within):
        return bool(select.select([self._connection.sock], [], [], within)[0])

    def answer(self):
        with closing(self._connection):
            response = self._connection.getresponse()
            return Reply(response.status, json.loads(response.read() or "null"), dict(response.headers))


@dataclass(frozen=True)
class Client:
    """A client with an account from which nobody else pays: the account's payments are the effects."""

    host: str
    port: int
    account: str
    caller: str = "alice"

    def at(self, server):
        """Return the same client, talking to another process or through a link."""
        return replace(self, host=server.host, port=server.port)

    def headers(self, key):
        always = {"Authorization": f"Bearer token of {self.caller}", "Content-Type": "application/json"}
        return always if key is None else {**always, "Idempotency-Key": key}

    def begin(self, method, path, payload=None, key=None):
        connection = HTTPConnection(self.host, self.port, timeout=10)
        connection.request(method, path, json.dumps(payload), self.headers(key))
        return Pending(connection)

    def ask(self, method, path, payload=None, key=None):
        return self.begin(method, path, payload, key).answer()

    def payment(self, amount=AMOUNT):
        return {"account": self.account, "amount": amount}

    def begin_to_pay(self, key):
        return self.begin("POST", "/payments", self.payment(), key)

    def pay(self, key=None, amount=AMOUNT):
        return self.ask("POST", "/payments", self.payment(amount), key)

    def insist(self, key):
        """Ask until there is an answer."""

        def decided():
            reply = self.pay(key)
            return reply if reply.status not in NOT_NOW else None

        return eventually(decided)

    def open(self, balance=BALANCE):
        assert self.ask("PUT", f"/accounts/{self.account}", {"balance": balance}).status == 200
        return self

    def payments(self):
        return len(self.ask("GET", f"/accounts/{self.account}").body["payments"])


@dataclass(frozen=True)
class LocalClient(Client):
    """A client of an application in this process, whose clock and connections the test can hold."""

    application: object = None

    def ask(self, method, path, payload=None, key=None):
        response = self.application.open(path, method=method, json=payload, headers=self.headers(key))
        return Reply(response.status_code, response.json, dict(response.headers))


class Deployment:
    """The API on one engine: two processes on one store, a third that stops when it has acted, a fourth without keys."""

    def __init__(self, app, url, keys, *servers):
        self.url, self.keys, self.servers = url, keys, servers
        self._app = app
        self.processes = (self.launch(), self.launch())
        self.halting = self.launch(**HALT)
        self.bare = self.launch(keys="none")
        for process in (*self.processes, self.halting, self.bare):
            process.wait_until_ready()

    def launch(self, **options):
        process = self._app(API, start=False, **{"url": self.url, "keys": self.keys, "tokens": TOKENS, **options})
        process.launch()
        return process

    @contextmanager
    def here(self, client, wire=None, **options):
        """Run the API in this process, its store at the far end of a wire, and give the client that talks to it."""
        store = {"url": self.url, "keys": self.keys}
        for server in self.servers if wire else ():
            there, via = f"{server.host}:{server.port}", f"{wire.host}:{wire.port}"
            store = {name: url.replace(there, via) for name, url in store.items()}
        application = create_app(**{"tokens": TOKENS, **store, **options})
        with closing(application.extensions["database"]):
            yield LocalClient(client.host, client.port, client.account, application=application.test_client())

    def execute(self, statement):
        """Run a statement on the store of the payments, past the API."""
        if self.url.startswith("sqlite"):
            import sqlite3

            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)) as database:
                database.execute(statement)
        else:
            import psycopg

            with psycopg.connect(self.url, autocommit=True) as database:
                database.execute(statement)


@pytest.fixture(scope="module")
def deployments(request, tmp_path_factory):
    """The deployments of this module, each made when it is first needed."""
    with ExitStack() as stack:
        app = stack.enter_context(served_apps())

        @functools.cache
        def deployment(engine):
            if engine == "postgres":
                server = request.getfixturevalue("postgres_server")
                return Deployment(app, stack.enter_context(fresh_database(server)), "", server)
            file = f"sqlite:///{tmp_path_factory.mktemp('store') / 'payments.db'}"
            if engine == "sqlite":
                return Deployment(app, file, "")
            server = request.getfixturevalue("redis_server")
            return Deployment(app, file, server.url, server)

        yield deployment


@pytest.fixture(params=engines({"sqlite": None, "postgres": "postgres", "redis": "redis"}))
def api(request, deployments):
    """The API on an engine: keys with the payments in SQLite or PostgreSQL, or in Redis and the payments in SQLite."""
    if request.param == "redis":
        request.getfixturevalue("redis")  # empty before and after
    return deployments(request.param)


@pytest.fixture
def alice(api):
    """A client with money."""
    return Client(api.processes[0].host, api.processes[0].port, uuid.uuid4().hex).open()


def test_a_payment_that_is_sent_twice_is_made_once(alice, observe):
    """A duplicate gets the same status and the same body as the first request, and nothing is paid again."""
    key = new_key()
    first, duplicate = alice.pay(key), alice.pay(key)

    observe("payments after two requests", alice.payments(), "payments")
    assert first.status == 201
    assert duplicate.told == first.told
    assert alice.payments() == 1


def test_a_post_without_a_usable_key_is_refused(alice, observe):
    """A POST whose key is missing, empty, too long, not printable or not in quotes gets 400, and pays nothing."""
    unusable = [None, '""', f'"{"k" * (LONGEST_KEY + 1)}"', '"caf\xe9"', '"tab\tinside"', "unquoted", '"two", "keys"']
    replies = [alice.pay(key) for key in unusable]

    observe("statuses", " ".join(str(reply.status) for reply in replies))
    assert {(reply.status, reply.headers["Content-Type"]) for reply in replies} == {(400, "application/problem+json")}
    assert alice.payments() == 0
    assert alice.pay(f'"{"k" * LONGEST_KEY}"').status == 201


def test_a_key_cannot_be_used_for_another_payment(alice):
    """A key that comes with another payload gets 422 and pays nothing; the same payload may be spelled otherwise."""
    key = new_key()
    first = alice.pay(key)
    other = alice.pay(key, amount=AMOUNT + 1)
    respelled = alice.ask("POST", "/payments", dict(reversed(alice.payment().items())), key)

    assert other.status == 422
    assert respelled.told == first.told
    assert alice.payments() == 1


def test_callers_do_not_share_their_keys(alice):
    """Two callers who choose the same key each make a payment of their own; who has no valid token makes none."""
    key, bob = new_key(), replace(alice, caller="bob").open()
    for_alice, for_bob, for_a_stranger = (payer.pay(key) for payer in (alice, bob, replace(alice, caller="a stranger")))

    assert (for_alice.status, for_bob.status, for_a_stranger.status) == (201, 201, 401)
    assert (alice.payments(), bob.payments()) == (1, 1)


@pytest.fixture
def elapse(request, clock):
    """Let time pass: for our process by its clock, for Redis by what its keys have left."""

    def elapse(seconds):
        clock.advance(seconds)
        if request.node.callspec.params["api"] == "redis":
            redis = request.getfixturevalue("redis")
            for name in redis.scan_iter():
                redis.pexpire(name, redis.pttl(name) - round(1_000 * seconds))

    return elapse


def test_a_key_is_kept_for_its_time_and_then_names_a_new_request(api, alice, clock, elapse):
    """Within its time a key repeats the answer; when it has expired, the same key makes a new payment."""
    key = new_key()
    with api.here(alice, keep_seconds=KEEP_SECONDS, clock=clock) as local:
        first = local.pay(key)
        elapse(KEEP_SECONDS - 1)
        late = local.pay(key)
        elapse(1)
        new = local.pay(key)

    assert late.told == first.told
    assert new.body["number"] != first.body["number"]
    assert alice.payments() == 2


def test_what_was_declined_stays_declined(alice):
    """A refusal that was decided is kept: its key gets it again when the money is there, and a new key pays."""
    key = new_key()
    alice.open(balance=AMOUNT - 1)
    declined = alice.pay(key)
    alice.open(balance=AMOUNT)
    again = alice.pay(key)

    assert declined.status == 402
    assert again.told == declined.told
    assert alice.pay(new_key()).status == 201


def test_what_failed_may_be_tried_again(api, alice, observe):
    """A failure of the server is not kept: when the server is well again, the same key pays, once."""
    key = new_key()
    api.execute("ALTER TABLE payments RENAME TO payments_elsewhere")
    try:
        failed = alice.pay(key)
    finally:
        api.execute("ALTER TABLE payments_elsewhere RENAME TO payments")
    paid, duplicate = alice.pay(key), alice.pay(key)

    observe("status while a table is missing", failed.status)
    assert failed.status >= 500
    assert paid.status == 201
    assert duplicate.told == paid.told
    assert alice.payments() == 1


def test_methods_that_are_idempotent_by_what_they_mean_need_no_key(alice):
    """GET, PUT and DELETE carry no key: sent twice, they answer the same and leave the same behind."""
    path = f"/accounts/{alice.account}"
    requests = [("PUT", {"balance": BALANCE}), ("GET", None), ("DELETE", None)]
    once_and_again = [[alice.ask(method, path, payload).told for _ in range(2)] for method, payload in requests]

    assert [first[0] for first, _ in once_and_again] == [200, 200, 204]
    assert [first for first, _ in once_and_again] == [again for _, again in once_and_again]


@pytest.fixture
def halting(api):
    """A process that stops itself when it has acted and not yet committed; resumed at the latest when the test ends."""
    yield api.halting
    api.halting.resume()


def stopped(process):
    return psutil.Process(process.process.pid).status() == psutil.STATUS_STOPPED


def draw_waiting(draw, begin, requests, faults, paid_at):
    """Draw requests as (name, kind, sent, answered), faults and the effect, in seconds since `begin`."""
    lanes = [
        {"name": name, "spans": [{"from": sent - begin, "to": answered - begin, "label": "POST", "kind": kind}]}
        for name, kind, sent, answered in requests
    ]
    lanes[0]["events"] = [{"at": at - begin, "label": label, "kind": "fault"} for label, at in faults.items()]
    lanes.append({"name": "payments", "events": [{"at": paid_at - begin, "label": "paid", "kind": "effect"}]})
    draw.timeline("Duplicates of a request at work", "They wait for the one payment, and share its answer.", lanes)


@pytest.mark.differs({"redis": "a claim in Redis cannot be waited for: a duplicate gets 409, and tries again"})
def test_a_duplicate_waits_for_a_request_that_is_at_work(api, alice, halting, draw):
    """Duplicates that come while the first request is at work wait for it, and get its answer."""
    key, begin = new_key(), time.time()
    first = alice.at(halting).begin_to_pay(key)
    eventually(lambda: stopped(halting))
    sent = time.time()
    duplicates = [alice.at(process).begin_to_pay(key) for process in api.processes]
    answered_early = [duplicate.answered(within=WATCHED_SECONDS) for duplicate in duplicates]
    resumed = time.time()
    halting.resume()
    replies = [(one.answer(), time.time()) for one in (first, *duplicates)]

    lanes = (("first request", "request", begin), ("duplicate", "wait", sent), ("duplicate elsewhere", "wait", sent))
    requests = [(*lane, answered) for lane, (_, answered) in zip(lanes, replies, strict=True)]
    faults = {"its process stops": sent, "it goes on": resumed}
    draw_waiting(draw, begin, requests, faults, replies[0][0].body["paid_at"])
    assert answered_early == [False, False]
    assert {str(reply.told) for reply, _ in replies} == {str(replies[0][0].told)}
    assert alice.payments() == 1


@pytest.mark.differs({"sqlite": "the whole file is locked, nobody knows for which key: 503 instead of 409"})
def test_a_duplicate_that_cannot_wait_is_told_that_the_first_is_at_work(api, alice, halting):
    """A duplicate that waits no longer gets 409 and Retry-After; its retry gets the answer of the first request."""
    key = new_key()
    with api.here(alice, wait_seconds=WATCHED_SECONDS) as impatient:
        first = alice.at(halting).begin_to_pay(key)
        eventually(lambda: stopped(halting))
        refused = impatient.pay(key)
    halting.resume()
    answer, retried = first.answer(), alice.insist(key)

    assert retried.told == answer.told
    assert (refused.status, "Retry-After" in refused.headers) == (409, True)


def begin_duplicates(alice, processes, key):
    """Send so many duplicates, to one process after the other, before any of their answers is read."""
    turns = itertools.islice(itertools.cycle(processes), DUPLICATES)
    return [alice.at(process).begin_to_pay(key) for process in turns]


def test_fifty_duplicates_over_two_processes_make_one_payment_though_the_first_request_dies(api, alice, observe):
    """When a process is killed in mid-payment while fifty duplicates wait at two others, one of them pays, for all."""
    key, doomed = new_key(), api.launch(**HALT, lease_seconds=LEASE_SECONDS)
    doomed.wait_until_ready()
    first = alice.at(doomed).begin_to_pay(key)
    eventually(lambda: stopped(doomed))
    waiting = begin_duplicates(alice, api.processes, key)
    doomed.kill()
    with pytest.raises(ConnectionError):
        first.answer()
    replies = [duplicate.answer() for duplicate in waiting]
    final = alice.insist(key)

    observe("payments for fifty duplicates", alice.payments(), "payments")
    observe("duplicates told to come back", sum(reply.status in NOT_NOW for reply in replies), "requests")
    assert {str(reply.told) for reply in replies if reply.status not in NOT_NOW} <= {str(final.told)}
    assert (final.status, alice.payments()) == (201, 1)


def test_without_keys_every_duplicate_pays(api, alice, observe):
    """Counterexample: duplicates at a server that ignores their key are as many payments."""
    replies = [duplicate.answer() for duplicate in begin_duplicates(alice, [api.bare], new_key())]
    told = {reply.body["number"] for reply in replies if reply.status == 201}

    observe("payments without keys", alice.payments(), "payments")
    assert alice.payments() == len(told) > 1


def test_who_looks_first_and_writes_later_pays_twice(postgres, observe):
    """Counterexample: two requests that both look for the key before either has written it both pay."""
    postgres.execute("CREATE TABLE keys (key TEXT)")
    postgres.execute("CREATE TABLE payments (amount BIGINT)")
    look = "SELECT count(*) FROM keys WHERE key = 'k'"
    seen = [postgres.execute(look).fetchone()[0] for _request in ("first", "duplicate")]
    for unknown in (count == 0 for count in seen):
        postgres.execute("INSERT INTO payments SELECT %s WHERE %s", (AMOUNT, unknown))
        postgres.execute("INSERT INTO keys VALUES ('k')")

    (payments,) = postgres.execute("SELECT count(*) FROM payments").fetchone()
    observe("payments", payments, "payments")
    assert payments == 2


def payments_after_a_kill(api, alice, doomed):
    """Let the process die at its step, ask another process until there is an answer, and count the payments."""
    key, payer = new_key(), replace(alice, account=uuid.uuid4().hex).open()
    doomed.wait_until_ready()
    with pytest.raises(ConnectionError):
        payer.at(doomed).pay(key)
    assert eventually(lambda: doomed.process.exit_code) == -signal.SIGKILL
    assert payer.at(api.processes[1]).insist(key).status == 201
    return payer.payments()


@pytest.mark.differs(
    {"redis": "no transaction spans Redis and the payments: after a kill between the two, a retry pays again"}
)
def test_killed_behind_any_step_the_retry_finds_exactly_one_payment(api, alice, thoroughness, observe):
    """Whatever step of a request the process is killed behind, a retry is answered, and there is one payment."""
    payments = {}
    for _ in range(thoroughness):
        doomed = {step: api.launch(interrupt_at=step.value, lease_seconds=LEASE_SECONDS) for step in Step}
        for step, process in doomed.items():
            payments.setdefault(step.value, set()).add(payments_after_a_kill(api, alice, process))

    observe("kills", thoroughness * len(Step), "kills")
    observe("payments by step", ", ".join(f"{step} {max(counts)}" for step, counts in payments.items()))
    assert payments == {step.value: {1} for step in Step}


def test_a_process_that_starts_while_another_makes_the_store_waits_its_turn(tmp_path):
    """Processes may start together on a new store: one makes it, the others wait until it is made."""
    file = tmp_path / "new.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as another, ThreadPoolExecutor(1) as pool:
        another.execute("BEGIN IMMEDIATE")
        starting = pool.submit(create_app, f"sqlite:///{file}", {})
        done, _ = wait([starting], timeout=WATCHED_SECONDS)
        another.execute("COMMIT")
        starting.result().extensions["database"].close()

    assert not done


@pytest.mark.parametrize("api", engines({"postgres": "postgres", "redis": "redis"}), indirect=True)
def test_without_its_keys_the_server_refuses_and_does_not_act(api, alice, link):
    """Cut off from the store of its keys, the server answers 503 and pays nothing; with the store back, a retry pays."""
    key, wire = new_key(), link(*api.servers)
    with api.here(alice, wire=wire) as local:
        wire.cut()
        refused = local.pay(key)
        meanwhile = alice.payments()
        wire.heal()
        paid = local.insist(key)

    assert (refused.status, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert meanwhile == 0
    assert (paid.status, alice.payments()) == (201, 1)


@pytest.fixture
def payments_wire(postgres_server, link):
    """The wire between us and the store of the payments."""
    return link(postgres_server)


@pytest.fixture
def redis_keys(redis_server, redis, postgres_server, postgres_url, payments_wire):
    """Keys in Redis, and payments in PostgreSQL at the far end of a wire."""
    there = postgres_url.replace(f":{postgres_server.port}/", f":{payments_wire.port}/")
    patience = {"keep_seconds": KEEP_SECONDS, "lease_seconds": KEEP_SECONDS, "timeout_seconds": 5}
    with closing(PostgreSQL(there, 5)) as payments:
        yield RedisKeys(redis_server.url, payments, **patience, reach=lambda _step: None)


@pytest.mark.parametrize("late", [None, Answer(201, {"number": 2})], ids=["fails", "pays"])
def test_who_outlives_its_lease_does_not_undo_what_the_next_was_told(redis_keys, redis, late):
    """A request that ends after its lease, well or badly, leaves the answer of the request that came after it in place."""

    def slow(_execute):
        redis.flushdb()  # the lease ends, and another request takes the key
        redis_keys.once(CLAIM, lambda _: PAID)
        if late is None:
            raise TimeoutError
        return late

    with suppress(TimeoutError):
        redis_keys.once(CLAIM, slow)

    assert redis_keys.once(CLAIM, lambda _: pytest.fail("a third payment")).body == PAID.body


def test_a_commit_whose_outcome_is_unknown_is_not_taken_for_a_failure(redis_keys, payments_wire):
    """When the connection breaks in the commit, nobody knows whether it was paid: a duplicate is refused, and does not pay."""

    def cut_off(execute):
        execute("SELECT 1")
        payments_wire.cut()
        return PAID

    with pytest.raises(Problem) as lost:
        redis_keys.once(CLAIM, cut_off)
    payments_wire.heal()
    with pytest.raises(Problem) as refused:
        redis_keys.once(CLAIM, lambda _: pytest.fail("a second payment"))

    assert (lost.value.status, refused.value.status) == (503, 409)


def test_a_client_that_gave_up_may_simply_ask_again(api, alice, link, observe):
    """A request that its client has given up may still act; the retry is told what it did, and does not act again."""
    key, wire = new_key(), link(api.processes[0])
    wire.stall()
    given_up = alice.at(wire).begin_to_pay(key)
    too_late = not given_up.answered(within=WATCHED_SECONDS)
    wire.heal()
    eventually(lambda: alice.payments() == 1)
    retried = alice.insist(key)

    observe("payments", alice.payments(), "payments")
    assert too_late
    assert retried.told == given_up.answer().told
    assert alice.payments() == 1


def test_what_a_first_call_and_a_replay_cost(api, alice, ratio):
    """A first call costs at most three times as much as the bare handler, a replay at most twice as much."""
    replayed = new_key()
    with api.here(alice) as guarded, api.here(alice, keys="none") as bare:
        first, again, unguarded = (
            lambda: guarded.pay(new_key()),
            lambda: guarded.pay(replayed),
            lambda: bare.pay(new_key()),
        )
        for call in (first, again, unguarded) * WARM_UP_CALLS:
            call()
        turns = {"clock": cpu_clock(*api.servers), "pairs": 21, "slice_seconds": 0.01}
        first_call = ratio("first call ÷ bare handler", first, unguarded, **turns)
        replay = ratio("replay ÷ bare handler", again, unguarded, **turns)

    assert first_call.high <= FIRST_CALL_RATIO
    assert replay.high <= REPLAY_RATIO

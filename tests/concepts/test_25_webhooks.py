"""Webhooks · Standard Webhooks

Problem        Whoever wants to know that something has happened must ask again and again. If it is told instead, it may be
               down just then; and anyone who knows its address can tell it anything.
Idea           An event is written down together with what it tells of, then posted, signed, to each endpoint, and posted
               again until it is taken. The receiver believes what is signed, and acts once on each id.
Guarantees     Each event that was committed is posted until an endpoint answers 2xx, or it is a dead letter that a person
               can post again: with one id, and the same bytes. Nothing altered, unsigned, old or ahead is believed, nothing
               that comes twice is done twice, and nothing is sent into private networks.
Trade-off      Told at least once, in no certain order, and late while an endpoint is down: endpoints must look at ids, and
               must not lean on order. A slow endpoint holds threads of the sender, a few, for as long as it may.
Not shown      Who may subscribe, and to which kinds of events; asymmetric signatures (v1a); secrets encrypted in the store;
               the sweeping of old events and ids.
Sources        Standard Webhooks 1.0.0; RFC 2104 (HMAC); RFC 9110 §10.2.3 (Retry-After), §15.5.11 (410); RFC 6890
Implementation src/sysdesign/distributed/webhooks
Engines        ours and the library standardwebhooks, on either side · sqlite · postgres
"""

import base64
import hmac
import itertools
import json
import math
import socket
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from fixtures import endpoints
from fixtures.endpoints import answering
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.servers.postgres_server import fresh_database
from sysdesign.distributed.webhooks import (
    Addresses,
    Answer,
    Forbidden,
    Outbox,
    Post,
    Schedule,
    Sender,
    Signer,
    Unverified,
    Verdict,
    Verifier,
    create_receiver,
    create_shop,
    new_secret,
    open_store,
    system_resolver,
)

TOLERANCE_SECONDS, ROTATION_SECONDS = 300, 86_400.0
FIRST_SECONDS, FACTOR, LONGEST_SECONDS, JITTER = 5.0, 4.0, 86_400.0, 0.2
ATTEMPTS, REFUSED_ATTEMPTS = 10, 3
LEASE_SECONDS, PER_ENDPOINT, THREADS = 60.0, 2, 4
TIMEOUT_SECONDS = 0.3  # of an attempt that is meant to end by it
WATCHED_SECONDS = 0.3  # how long nothing must happen: long enough for a wrong thing to happen on a busy machine
EVENTS, FAILING_SHARE, MOST_ROUNDS = 60, 0.4, 1_000
SECRET, OLD_SECRET = new_secret(), new_secret()
BODY = '{"type": "order.placed", "data": {"order": 1.50, "for": "Zo\\u00eb", "of": "caf\u00e9"}}'.encode()
TLS_HANDSHAKE = 0x16  # the first byte
PUBLIC, LOOPBACK = "93.184.215.14", "127.0.0.0/8"  # the first is never connected to
CALLED = Addresses(allow=[LOOPBACK])


class Ours:
    """Signs and believes as we do."""

    def sign(self, secrets, message_id, at, body):
        return Signer(secrets).headers(message_id, at, body)

    def believes(self, secrets, headers, body, tolerance_seconds=TOLERANCE_SECONDS):
        with suppress(Unverified):
            return bool(Verifier(secrets, tolerance_seconds).verify(headers, body))
        return False


class Library:
    """Signs and believes as the library `standardwebhooks` does."""

    def sign(self, secrets, message_id, at, body):
        made, when = [Webhook(secret) for secret in secrets], datetime.fromtimestamp(at, UTC)
        signatures = " ".join(one.sign(message_id, when, body.decode()) for one in made)
        return {"webhook-id": message_id, "webhook-timestamp": str(at), "webhook-signature": signatures}

    def believes(self, secrets, headers, body):
        for secret in secrets:
            with suppress(WebhookVerificationError, ValueError):
                return Webhook(secret).verify(body, headers) is not None
        return False


class Pair:
    """Who signs, and who is to believe it."""

    def __init__(self, sender, receiver):
        self.sign, self.believes = SIDES[sender].sign, SIDES[receiver].believes

    def signed(self, secrets=(SECRET,), age=0):
        return self.sign(secrets, "msg_1", int(time.time()) - age, BODY)


SIDES = {"ours": Ours(), "standardwebhooks": Library()}


@pytest.fixture(params=engines(dict.fromkeys(["ours → ours", "ours → standardwebhooks", "standardwebhooks → ours"])))
def pair(request):
    """A sender's and a receiver's implementation of the signatures."""
    return Pair(*request.param.split(" → "))


def test_what_one_side_signs_the_other_believes(pair):
    """Who has the secret believes the very bytes that were signed; the same JSON, parsed and written again, is other bytes."""
    headers, rewritten = pair.signed(), json.dumps(json.loads(BODY)).encode()

    assert pair.believes([SECRET], headers, BODY)
    assert not pair.believes([new_secret()], headers, BODY)
    assert json.loads(rewritten) == json.loads(BODY)
    assert not pair.believes([SECRET], headers, rewritten)


def test_nothing_that_was_altered_is_believed(pair, observe):
    """Whichever byte of the body is altered, or the id, or the time, or if a field is missing: the message is refused."""
    headers = pair.signed()
    given, later = headers["webhook-signature"], str(int(headers["webhook-timestamp"]) + 1)
    fields = [{"webhook-id": "msg_2"}, {"webhook-timestamp": later}, {"webhook-timestamp": "soon"}]
    fields += [{"webhook-signature": text} for text in (given[:-4], f"v2{given[2:]}", given[3:], "v1,", "v1,====")]
    fields += [{name: ""} for name in headers]
    altered = [({**headers, **change}, BODY) for change in fields]
    altered += [(headers, BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]) for at in range(len(BODY))]
    believed = [message for message in altered if pair.believes([SECRET], *message)]

    observe("altered messages", len(altered), "messages")
    assert believed == []


def test_a_message_from_long_ago_or_from_the_future_is_refused(pair):
    """A message is believed for a few minutes around the time of its attempt: who recorded it cannot play it later."""
    ages = [tenths * TOLERANCE_SECONDS // 10 for tenths in (-11, -9, 0, 9, 11)]

    assert [pair.believes([SECRET], pair.signed(age=age), BODY) for age in ages] == [False, True, True, True, False]


def test_while_a_secret_rotates_both_are_good(pair):
    """While a secret is exchanged messages carry two signatures: who knows only the old or only the new one believes them."""
    rotating = pair.signed([SECRET, OLD_SECRET])

    assert [pair.believes([known], rotating, BODY) for known in (SECRET, OLD_SECRET)] == [True, True]
    assert pair.believes([SECRET, OLD_SECRET], pair.signed([OLD_SECRET]), BODY)
    assert not pair.believes([SECRET], pair.signed([OLD_SECRET]), BODY)


def test_signatures_are_compared_in_full_and_in_constant_time(monkeypatch):
    """The comparison in constant time decides alone, and it has the same to compare for a near miss as for a far one."""
    compared, decide = [], [hmac.compare_digest]
    monkeypatch.setattr(hmac, "compare_digest", lambda *both: compared.append([*map(len, both)]) or decide[0](*both))
    pair = Pair("ours", "ours")
    right = pair.signed()
    given = right["webhook-signature"]
    far, near = (
        {**right, "webhook-signature": given[:at] + ("B" if given[at] == "A" else "A") + given[at + 1 :]}
        for at in (len("v1,"), len(given) - 3)
    )
    seen = {}
    for name, headers in {"right": right, "far": far, "near": near}.items():
        compared.clear()
        seen[name] = pair.believes([OLD_SECRET, SECRET], headers, BODY), [*compared]

    assert {name: believed for name, (believed, _) in seen.items()} == {"right": True, "far": False, "near": False}
    assert seen["near"] == seen["far"]
    decide[0] = lambda *_: True
    assert pair.believes([SECRET], far, BODY)
    decide[0] = lambda *_: False
    assert not pair.believes([SECRET], right, BODY)


@pytest.mark.parametrize("secret", ["whsec_c2hvcnQ=", "whsec_?!", base64.b64encode(b"x" * 32).decode()])
def test_a_secret_that_is_none_is_refused_and_not_repeated(secret):
    """A secret that is too short, not base64 or without its prefix is refused, by an error that does not tell it to a log."""
    with pytest.raises(ValueError, match="secret") as refused:
        Signer([secret])

    assert secret not in str(refused.value)


class Shop:
    """A shop, its outbox, and a sender that works when it is told to."""

    def __init__(self, url, clock, chance):
        self.url, self.store, self.clock, self.chance = url, open_store(url), clock, chance
        self.outbox = Outbox(self.store, lease_seconds=LEASE_SECONDS, per_endpoint=PER_ENDPOINT, clock=clock)
        self.api = create_shop(self.outbox, CALLED).test_client()
        self.sender = self.hire()

    def hire(self, timeout_seconds=5.0, attempts=ATTEMPTS):
        post, schedule = Post(CALLED, timeout_seconds), Schedule(attempts=attempts, chance=self.chance.random)
        return Sender(self.outbox, post, schedule, threads=THREADS, poll_seconds=0.01, clock=self.clock)

    def tell(self, endpoint, secret=SECRET):
        return self.outbox.endpoints.add(f"http://{endpoint.host}:{endpoint.port}/webhooks", secret)

    def order(self):
        return self.api.post("/orders", json={"item": "tea"}).json["event"]

    def work_off(self, sender=None):
        """Let time pass from one attempt that is due to the next, until nothing waits."""
        for _ in range(MOST_ROUNDS):
            if (due_at := self.outbox.next_due()) is None:
                return
            self.clock.now = max(self.clock.now, due_at)
            (sender or self.sender).deliver_due()
        pytest.fail("there is no end of attempts")

    def states(self, *events):
        return Counter(delivery.state for event in events for delivery in self.outbox.deliveries(event))

    def count(self, table):
        with self.store.transaction() as execute:
            return execute(f"SELECT count(*) FROM {table}")[0][0]


@pytest.fixture(scope="module")
def database(request):
    """A PostgreSQL database, in which each test has a schema of its own."""
    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(params=engines({"sqlite": None, "postgres": "postgres"}))
def store_url(request, tmp_path):
    """The address of an empty store on the engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    url, schema = request.getfixturevalue("database"), f"shop_{uuid.uuid4().hex}"
    with closing(open_store(url)) as store:
        store.create(f"CREATE SCHEMA {schema}")
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"


@pytest.fixture
def shop(store_url, clock, chance):
    """A shop whose clock stands still until somebody moves it."""
    shop = Shop(store_url, clock, chance)
    with closing(shop.store):
        yield shop


@pytest.fixture
def endpoint():
    """A factory of endpoints that take everything, or let an application answer: `endpoint(application)`."""
    with endpoints.served_endpoints() as make:
        yield make


@pytest.fixture
def warehouse(store_url, clock):
    """A factory of receivers that ship what was ordered, in tables of their own."""
    with ExitStack() as stack:

        def build(**options):
            application = create_receiver(store_url, [SECRET], **{"clock": clock, **options})
            stack.callback(application.extensions["store"].close)
            return application

        yield build


def ids(endpoint):
    """Return how often each event has come to an endpoint."""
    return Counter(headers["Webhook-Id"] for headers, _ in endpoint.requests)


def post(application, message_id, at, body=BODY, side="ours"):
    """Post a message, signed by one side or the other, to an application in this process."""
    headers = SIDES[side].sign([SECRET], message_id, int(at), body)
    return application.test_client().post("/webhooks", data=body, headers=headers).status_code


def test_an_event_that_comes_again_is_not_acted_on_again(warehouse, shop, clock):
    """The same id again, in a new attempt or played back by a thief, gets the same answer and has no second effect."""
    receiver = warehouse()
    first, again = post(receiver, "msg_1", clock()), post(receiver, "msg_1", clock() + 1)
    clock.advance(2 * TOLERANCE_SECONDS)
    stolen = post(receiver, "msg_1", clock() - 2 * TOLERANCE_SECONDS)

    assert (first, again, stolen) == (204, 204, 400)
    assert shop.count("shipments") == 1


def test_sender_and_receiver_get_along_with_the_library(shop, warehouse, endpoint, clock):
    """What our sender posts the library believes; what the library signs our receiver acts on."""
    clock.now, receiver = time.time(), warehouse()
    customer = endpoint(receiver)
    shop.tell(customer)
    shop.order()
    shop.work_off()
    status = post(receiver, "msg_1", clock(), b'{"type": "order.placed", "data": {"order": 7}}', "standardwebhooks")

    assert SIDES["standardwebhooks"].believes([SECRET], *customer.requests[0])
    assert (status, shop.count("shipments")) == (204, 2)


def test_two_deliveries_of_an_event_at_once_have_one_effect(warehouse, shop, clock):
    """A duplicate that comes while the first is at work waits for it, and then does nothing."""
    entered, gate = [], threading.Event()

    def ship_slowly(execute, event):
        entered.append(event)
        gate.wait(10)
        execute("INSERT INTO shipments (order_number) VALUES (1)")

    receiver = warehouse(act=ship_slowly)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(post, receiver, "msg_1", clock()) for _ in range(2)]
        eventually(lambda: entered)
        early, _ = wait(both, timeout=WATCHED_SECONDS)
        gate.set()

    assert not early
    assert [one.result() for one in both] == [204, 204]
    assert shop.count("shipments") == 1


def test_an_effect_that_failed_may_be_tried_again(warehouse, shop, clock):
    """When the effect fails, its id is forgotten with it: the sender's next attempt has the effect."""
    receiver = warehouse()
    shop.store.create("ALTER TABLE shipments RENAME TO shipments_elsewhere")
    failed = post(receiver, "msg_1", clock())
    shop.store.create("ALTER TABLE shipments_elsewhere RENAME TO shipments")

    assert (failed, post(receiver, "msg_1", clock())) == (500, 204)
    assert shop.count("shipments") == 1


def test_an_order_and_its_event_are_there_together_or_not_at_all(shop, endpoint):
    """An order that is undone tells nobody, an order that is made tells everybody."""
    customer = endpoint()
    shop.tell(customer)
    with suppress(ZeroDivisionError), shop.store.transaction() as execute:
        execute("INSERT INTO orders (item) VALUES ('tea')")
        shop.outbox.publish(execute, "order.placed", {"order": 1})
        1 / 0  # noqa: B018
    event = shop.order()
    shop.work_off()

    assert shop.count("orders") == 1
    assert ids(customer) == {event: 1}


def test_who_posts_inside_the_transaction_tells_of_an_order_that_never_was(shop, endpoint):
    """Counterexample: without an outbox the customer is told of an order which is undone a moment later."""
    customer = endpoint()
    with suppress(ZeroDivisionError), shop.store.transaction() as execute:
        execute("INSERT INTO orders (item) VALUES ('tea')")
        Post(CALLED)(customer.url, {"webhook-id": "msg_1"}, BODY)
        1 / 0  # noqa: B018

    assert ids(customer) == {"msg_1": 1}
    assert shop.count("orders") == 0


def test_a_failed_attempt_is_repeated_after_pauses_that_grow(shop, warehouse, endpoint, clock, draw):
    """Every attempt has the id and the bytes of the first and a time and a signature of its own, and pauses grow."""
    customer = endpoint(warehouse())
    customer.plan = iter([answering(503)] * (ATTEMPTS - 1))
    shop.tell(customer)
    event, begin = shop.order(), clock()
    clock.advance(1.0)
    shop.work_off()
    log = shop.outbox.log(event)

    caption = "Each attempt waits about four times as long as the one before; chance keeps customers apart."
    series = {"503": [(a.begun_at - begin, a.number) for a in log[:-1]], "204": [(log[-1].begun_at - begin, ATTEMPTS)]}
    draw("Attempts to deliver an event", caption, series, "time since the order [s]", "attempt", kind="points", log="x")
    assert [attempt.status for attempt in log] == [503] * (ATTEMPTS - 1) + [204]
    assert 1 - JITTER <= min(shares(log)) < max(shares(log)) <= 1
    assert (ids(customer), len({body for _, body in customer.requests})) == ({event: ATTEMPTS}, 1)
    assert len({headers["Webhook-Timestamp"] for headers, _ in customer.requests}) == ATTEMPTS
    assert shop.count("shipments") == 1


def shares(log):
    """Return the pauses between attempts, each as a share of the longest that the schedule allows there."""
    pauses = enumerate(later.begun_at - one.begun_at for one, later in itertools.pairwise(log))
    return [round(pause / min(LONGEST_SECONDS, FIRST_SECONDS * FACTOR**n), 6) for n, pause in pauses]


def test_an_endpoint_that_says_when_to_come_back_is_not_asked_earlier(shop, endpoint, clock):
    """Retry-After is honoured as seconds and as a date, within reason; what makes no sense is ignored."""
    date = format_datetime(datetime.fromtimestamp(clock() + 20_000, UTC), usegmt=True)
    customer = endpoint()
    customer.plan = iter([answering(503, Retry_After=field) for field in ("3600", date, "9" * 30, "soon", "-5")])
    shop.tell(customer)
    event = shop.order()
    shop.work_off()
    begun = [attempt.begun_at for attempt in shop.outbox.log(event)]
    pauses = [later - one for one, later in itertools.pairwise(begun)]

    assert (pauses[0], sum(pauses[:2]), pauses[2]) == (3_600, 20_000, LONGEST_SECONDS)
    assert max(pauses[3:]) <= FIRST_SECONDS * FACTOR**4


def test_only_2xx_is_success_and_what_is_refused_is_given_up_sooner(shop, endpoint, observe):
    """Anything but 2xx is a failure, also a redirect, which is not followed; what was refused (3xx, 4xx) is tried less often."""
    customer, elsewhere, attempts = endpoint(), endpoint(), {}
    taken, refused, failed = (200, 202, 299), (301, 307, 400, 404), (408, 429, 500, 503)
    shop.tell(customer)
    for status in (*taken, *refused, *failed):
        customer.plan = itertools.repeat(answering(status, Location=elsewhere.url))
        event = shop.order()
        shop.work_off()
        attempts[status] = ids(customer)[event]
    customer.plan = iter([answering(status) for status in (503, 503, 503, 404, 503)])
    recovered = shop.order()
    shop.work_off()

    observe("attempts by status", str(attempts))
    counts = dict.fromkeys(taken, 1), dict.fromkeys(refused, REFUSED_ATTEMPTS), dict.fromkeys(failed, ATTEMPTS)
    assert attempts == {**counts[0], **counts[1], **counts[2]}
    assert elsewhere.requests == []
    assert shop.states(recovered) == {"delivered": 1}


def test_a_dead_letter_can_be_posted_again_by_hand(shop, warehouse, endpoint):
    """What was given up is kept with its reason; posted again by a person, under the same id, it is tried as often as at first."""
    customer = endpoint(warehouse())
    customer.plan = iter([answering(404)] * (2 * REFUSED_ATTEMPTS - 1))
    shop.tell(customer)
    event = shop.order()
    shop.work_off()
    [dead] = shop.api.get("/dead-letters").json["deliveries"]
    replayed = shop.api.post(f"/deliveries/{dead['number']}/replay")
    shop.work_off()

    assert (dead["event"], dead["reason"]) == (event, f"given up after {REFUSED_ATTEMPTS} attempts, the last: 404")
    assert (replayed.status_code, shop.outbox.dead_letters(), shop.count("shipments")) == (202, [], 1)
    assert ids(customer) == {event: 2 * REFUSED_ATTEMPTS}


def test_an_endpoint_that_is_gone_gets_nothing_more_until_it_is_enabled_by_hand(shop, endpoint):
    """410 disables an endpoint: it is sent nothing more, others are, and what had waited for it goes out when it is enabled."""
    gone, other = endpoint(), endpoint()
    number = shop.tell(gone)
    shop.tell(other)
    gone.plan = iter([answering(410)])
    events = [shop.order() for _ in range(3)]
    shop.work_off()
    told = len(gone.requests), len(other.requests)
    disabled = [bool(one["disabled"]) for one in shop.api.get("/endpoints").json["endpoints"]]
    shop.order()
    shop.api.post(f"/endpoints/{number}/enable")
    shop.work_off()

    assert (told, disabled) == ((1, 3), [True, False])
    assert shop.states(*events) == {"delivered": 5, "dead": 1}
    assert (len(gone.requests), len(other.requests)) == (3, 4)


def test_a_rotated_secret_signs_beside_the_new_one_for_a_while(shop, endpoint, clock):
    """After a rotation events carry both signatures, for as long as was said, and then only the new one."""
    customer, signed = endpoint(), []
    number = shop.tell(customer, OLD_SECRET)
    new = shop.api.post(f"/endpoints/{number}/secret").json["secret"]
    for pause in (0, ROTATION_SECONDS - 1, 1):
        clock.advance(pause)
        shop.order()
        shop.work_off()
        signed.append([SIDES["ours"].believes([one], *customer.requests[-1], math.inf) for one in (OLD_SECRET, new)])

    assert signed == [[True, True], [True, True], [False, True]]


def test_a_killed_sender_loses_no_event_and_doubles_no_effect(shop, warehouse, endpoint, program, clock, observe):
    """Killed before its request has arrived, and again before the answer has, a new sender goes on with the same event."""
    clock.now, gate = time.time(), threading.Event()
    customer = endpoint(warehouse())
    customer.plan = iter([endpoints.holding_the_request(gate), endpoints.holding_the_answer(gate)])
    shop.tell(customer)
    patience = ("--lease-seconds", "0.7", "--timeout-seconds", "0.6", "--first-seconds", "0.1", "--allow", LOOPBACK)
    sender = program("sysdesign.distributed.webhooks", *patience, environment={"WEBHOOKS_DATABASE": shop.url})
    event = shop.order()
    for kills in (1, 2):
        eventually(lambda: len(customer.requests) == kills and shop.count("shipments") == kills - 1)  # noqa: B023
        sender.kill()
        sender.start()
    eventually(lambda: shop.states(event)["delivered"])
    gate.set()

    observe("attempts, shipments", f"{len(customer.requests)}, {shop.count('shipments')}")
    assert (list(ids(customer)), len({body for _, body in customer.requests})) == ([event], 1)
    assert shop.count("shipments") == 1
    assert len(shop.api.get(f"/events/{event}").json["attempts"]) == len(customer.requests)


def test_a_sender_that_outlives_its_lease_does_not_undo_what_the_next_has_done(shop, endpoint, clock):
    """A claim is for a time: when it has ended another sender takes over, and the first one's late failure changes nothing."""
    shop.tell(endpoint())
    event, failure = shop.order(), (Answer(404), Verdict("dead"))
    [slow], meanwhile = shop.outbox.claim(1), shop.outbox.claim(1)
    clock.advance(LEASE_SECONDS)
    [quick] = shop.outbox.claim(1)
    shop.outbox.conclude(slow, *failure)
    still_pending = shop.states(event)
    shop.sender.attempt(quick)
    shop.outbox.conclude(slow, *failure)

    assert (meanwhile, quick.event, quick.attempt) == ([], event, 2)
    assert still_pending == {"pending": 1}
    assert shop.states(event) == {"delivered": 1}


def test_senders_that_claim_at_the_same_moment_do_not_claim_the_same(shop, endpoint):
    """Two senders that look for work before either has written what it takes do not get the same, nor together too much."""
    shop.outbox.per_endpoint = 1
    shop.tell(endpoint())
    shop.order(), shop.order()
    looked, gate, real = threading.Event(), threading.Event(), shop.store.transaction

    @contextmanager
    def slowly():
        with real() as execute:
            yield execute
            looked.set()
            gate.wait(10)

    shop.store.transaction = slowly
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(shop.outbox.claim, 1)
        looked.wait(10)
        shop.store.transaction = real
        second = pool.submit(shop.outbox.claim, 1)
        wait([second], timeout=WATCHED_SECONDS)
        gate.set()

    assert len(first.result()) == 1
    assert second.result() == []


def test_a_slow_endpoint_does_not_delay_the_others(shop, endpoint, observe):
    """While one endpoint answers nothing, the others get all their events; it holds a few threads, and no more."""
    slow, quick, gate, stop = endpoint(), endpoint(), threading.Event(), threading.Event()
    slow.plan = itertools.repeat(endpoints.holding_the_request(gate))
    shop.tell(slow)
    shop.tell(quick)
    events = [shop.order() for _ in range(2 * THREADS)]
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        stack.callback(stop.set)
        stack.callback(gate.set)
        pool.submit(shop.sender.run, stop)
        eventually(lambda: shop.states(*events)["delivered"] >= len(events), within=5)
        held = len(slow.requests)
        gate.set()
        eventually(lambda: shop.states(*events) == {"delivered": 2 * len(events)})

    observe("events delivered to the quick endpoint while the slow one holds", f"{len(events)}, {held} held")
    assert held == PER_ENDPOINT


def test_through_a_receiver_that_fails_often_each_event_has_one_effect(shop, warehouse, endpoint, chance, observe):
    """Whether requests are refused or answers are lost, by chance, each event is acted on once, and attempts keep to the schedule."""
    customer = endpoint(warehouse())
    failing = lambda: chance.random() < FAILING_SHARE and chance.choice([answering(503), endpoints.losing_the_answer])
    customer.plan = (failing() or endpoints.let_in for _ in itertools.count())
    shop.tell(customer)
    patient = shop.hire(attempts=100)
    events = [shop.order() for _ in range(EVENTS)]
    shop.work_off(patient)
    with shop.store.transaction() as execute:
        shipped = execute("SELECT order_number FROM shipments ORDER BY order_number")
    waited = [share for event in events for share in shares(shop.outbox.log(event))]

    observe("attempts for 60 events", len(customer.requests), "attempts")
    assert shipped == [(number,) for number in range(1, EVENTS + 1)]
    assert shop.states(*events) == {"delivered": EVENTS}
    assert 1 - JITTER <= min(waited) < max(waited) <= 1


FAULTS = {  # and what the log says
    "down": (lambda wire: wire.cut(), "ConnectionRefusedError"),
    "stalled": (lambda wire: wire.stall(), "no answer within"),
    "altering": (lambda wire: wire.alter_byte(to_server=2 * len(wire.to_server.recorded) - 2), "400"),
}


@pytest.mark.parametrize(("fault", "told"), FAULTS.values(), ids=FAULTS)
def test_what_fails_on_the_wire_is_made_good(shop, warehouse, endpoint, link, fault, told):
    """Refused, stalled or altered on the wire, a delivery is a failure in the log, and a later attempt has its one effect."""
    customer = endpoint(warehouse())
    wire = link((customer.host, customer.port))
    shop.tell(wire)
    shop.order()
    shop.work_off()
    fault(wire)
    event = shop.order()
    shop.hire(TIMEOUT_SECONDS).deliver_due()
    [failure] = shop.outbox.log(event)
    wire.heal()
    shop.work_off()

    assert told in (failure.error or str(failure.status))
    assert shop.states(event) == {"delivered": 1}
    assert shop.count("shipments") == 2


def test_an_endpoint_that_drips_for_ever_is_left():
    """An attempt is over after its time in all, also at an endpoint that is never silent for long, and never done."""
    near, far = socket.socketpair()

    def drip():
        with suppress(OSError):
            far.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(50):
                threading.Event().wait(TIMEOUT_SECONDS / 10)
                far.sendall(b"x")
            far.sendall(b"\r\n\r\n")

    with far, ThreadPoolExecutor(1) as pool:
        pool.submit(drip)
        impatient = Post(Addresses(lambda *_: [PUBLIC]), TIMEOUT_SECONDS, lambda *_: near)
        answer = impatient("http://shop.example/", {}, b"")

    assert answer.status is None
    assert "no answer within" in answer.error


PRIVATE = """localhost 127.0.0.1 127.1 0x7f000001 2130706433 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 0.0.0.0
    100.64.0.1 224.0.0.1 255.255.255.255 [::] [::1] [::ffff:127.0.0.1] [fe80::1] [fd00::1] [fec0::1] [ff02::1]
    [64:ff9b::7f00:1] [2002:7f00:1::] intranet.example both.example nothing.example"""
NO_WEBHOOK = """ftp://shop.example/ file:///etc/passwd //shop.example/ http:/// shop.example http://[::1 http://
    http://shop.example:99999/ http://me:word@shop.example/ http://shop.example/a\\b http://shop.example/é"""
NAMES = {"intranet.example": ["10.0.0.1"], "both.example": [PUBLIC, "127.0.0.1"], "nothing.example": []}


def test_nothing_is_sent_into_private_networks(endpoint, observe):
    """Only http and https URLs whose host stands for public addresses, all of them, are called, however they are spelled."""
    names = {"shop.example": [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"], **NAMES}
    addresses = Addresses(lambda host, port: names[host] if host in names else system_resolver(host, port))
    forbidden = [f"http://{host}/" for host in PRIVATE.split()] + [*NO_WEBHOOK.split(), "http://shop.example/ \r\nX: y"]
    allowed, private = ["http://shop.example/", "https://shop.example:8443/a?b"], endpoint()

    def called(url):
        with suppress(Forbidden):
            return addresses.target(url)

    observe("URLs refused", len(forbidden), "URLs")
    assert [url for url in [*forbidden, *allowed] if called(url)] == allowed
    assert (called(allowed[1]).port, called(allowed[1]).path) == (8443, "/a?b")
    assert (Post(addresses)(private.url, {}, b"").status, private.requests) == (None, [])


@pytest.mark.parametrize(("scheme", "port"), [("http", 80), ("https", 443)], ids=["open", "sealed"])
def test_the_connection_goes_to_the_address_that_was_checked(endpoint, link, scheme, port):
    """A name is looked up once and told to who answers, in TLS for https; what it stands for a moment later gains nothing."""
    public, dialled, found = endpoint(), [], iter([[PUBLIC, "1.1.1.1"], ["127.0.0.1"]])
    wire = link((public.host, public.port))
    connect = lambda address, seconds: dialled.append(address) or socket.create_connection(wire.address, seconds)
    Post(Addresses(lambda *_: next(found)), connect=connect)(f"{scheme}://rebinding.example/", {}, BODY)
    heard = bytes(wire.to_server.recorded)

    assert dialled == [(PUBLIC, port)]
    assert b"rebinding.example" in heard
    assert (BODY in heard, heard[0] == TLS_HANDSHAKE) == (scheme == "http", scheme == "https")


@pytest.mark.parametrize("engine", engines(dict.fromkeys(SIDES)))
@pytest.mark.benchmark(group="one webhook verified")
def test_the_cost_of_one_verification(engine, benchmark):
    """What it costs to verify one webhook."""
    pair = Pair("ours", engine)

    assert benchmark(pair.believes, [SECRET], pair.signed(), BODY)

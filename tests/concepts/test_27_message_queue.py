"""Message queue · at least once, effectively once

Problem        Who hands work to another directly must wait for them, fails when they are down, and drowns them when they are slow.
Idea           Work becomes a message. A broker keeps it on its disk until somebody has done it and said so; whoever sends
               and whoever works need not be there at the same time, nor be equally fast.
Guarantees     Each message that the broker has confirmed comes to each group until one of its consumers has acknowledged it, or
               it is a dead letter: also when consumers and brokers are killed. With an inbox each has its effect once.
Trade-off      At least once: duplicates come, and must be known by their id. Consumers that share a queue overtake each other; only
               one consumer a part of the keys keeps their order. Results come later, and a lag has to be watched.
Not shown      Several brokers that replicate a queue; priorities; replay of what is done; transactions over several queues.
Sources        AMQP 0-9-1 §1.8, §3.1; RabbitMQ: consumer acknowledgements and publisher confirms, quorum queues; Redis: streams,
               XAUTOCLAIM; Hohpe, Woolf: Enterprise Integration Patterns (competing consumers, dead letter channel)
Implementation src/sysdesign/distributed/message_queue
Engines        RabbitMQ · Redis Streams
"""

import itertools
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing, suppress

import pytest

from fixtures.brokers import (
    BILLING,
    BRIEF_SECONDS,
    ON_DISK,
    SHIPPING,
    WAIT_SECONDS,
    Broker,
    Killed,
    dies,
    drain,
    ids,
    messages,
    sending,
    work_until,
)
from fixtures.deaths import doomed
from fixtures.doomed_consumers import consume, database, effects
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.ratios import cpu_clock, one_core
from sysdesign.distributed.message_queue import (
    Backoff,
    Full,
    Inbox,
    Malformed,
    Message,
    Partitions,
    Producer,
    TooLarge,
    Unavailable,
    Unconfirmed,
    Worker,
    parsed,
)

LIMIT_BYTES, LONGEST, SHARE, TRIES = 1_000, 20, 3, 3
KILLS = {"redis": 5, "rabbitmq": 1}  # in the quick profile; ten of each in the thorough one
STREAM = 100  # messages that a kill falls between
CONFIRMS_RATIO, READS_RATIO, SUPPLY = 5, 15, 20_000
ORDER = {"type": "object", "required": ["order"], "properties": {"order": {"type": "integer"}}}


@pytest.fixture(scope="module", params=engines({"redis": "redis", "rabbitmq": "rabbitmq"}))
def kind(request):
    """The engine: all tests of one come before those of the other, which starts meanwhile."""
    return request.param


@pytest.fixture
def broker(kind, request):
    """A queue's place on the session's shared server."""
    with closing(Broker(kind, request.getfixturevalue(f"{kind}_server"))) as broker:
        yield broker


@pytest.fixture
def breakable(kind, request, servers):
    """A queue's place on a server that may be killed: a Redis of the test's own, or the shared RabbitMQ, whose starts take seconds."""
    with ExitStack() as stack:
        own = kind == "redis"
        server = (
            stack.enter_context(servers.private(kind))(**ON_DISK) if own else request.getfixturevalue(f"{kind}_server")
        )
        stack.callback(lambda: server.alive or server.restart())
        yield stack.enter_context(closing(Broker(kind, server)))


def test_what_was_sent_while_nobody_listened_waits_in_order(broker):
    """The sender goes on while the receivers are down, and they find everything, in its order, when they are back."""
    Producer(broker.queue()).send(messages(250))
    late = broker.queue()

    assert late.lag(BILLING) == 250
    assert ids(drain(late, 250)) == ids(messages(250))
    assert broker.owed() == 0


def test_a_message_that_nobody_acknowledged_comes_again_and_says_so(broker):
    """What a consumer had when it fell silent goes to another, marked as delivered before; what it acknowledged does not."""
    producer, first, second = (broker.queue() for _ in range(3))
    producer.publish(messages(2))
    done, left = first.receive(BILLING, 2, WAIT_SECONDS)
    first.acknowledge(BILLING, [done])
    first.close()
    again = drain(second, 1)

    assert (done.attempt, done.redelivered) == (1, False)
    assert [(one.message, one.attempt, one.redelivered) for one in again] == [(left.message, 2, True)]
    assert broker.owed() == 0


def test_a_worker_that_dies_at_its_work_loses_nothing(broker):
    """A message is acknowledged after the work: a worker that dies before has left it to the next."""
    doomed_queue, done = broker.queue(), []
    broker.queue().publish(messages(1))
    with pytest.raises(Killed):
        Worker(doomed_queue, BILLING, dies).work(WAIT_SECONDS)
    doomed_queue.close()
    Worker(broker.queue(), BILLING, done.append).work(WAIT_SECONDS)

    assert ids(done) == ids(messages(1))


def test_acknowledged_before_the_work_it_is_lost_with_its_worker(broker):
    """Counterexample: who acknowledges first and dies then has taken the message along."""
    queue = broker.queue()
    broker.queue().publish(messages(1))
    taken = queue.receive(BILLING, 1, WAIT_SECONDS)
    queue.acknowledge(BILLING, taken)
    with pytest.raises(Killed):
        dies(taken)

    assert broker.owed() == 0


def test_consumers_of_a_group_share_its_messages_and_groups_do_not(broker, observe):
    """Each message goes to one consumer of a group, and to every group."""
    producer, one, two, other = (broker.queue(groups=[BILLING, SHIPPING], prefetch=10) for _ in range(4))
    producer.publish(messages(100))
    shares = [[], []]

    def take():
        for share, queue in zip(shares, (one, two), strict=True):
            batch = queue.receive(BILLING, 10, BRIEF_SECONDS)
            queue.acknowledge(BILLING, batch)
            share.extend(ids(batch))
        return len(shares[0] + shares[1]) >= 100

    eventually(take)
    rest = drain(other, 100, SHIPPING)

    observe("of 100 messages, one of two consumers had", len(shares[0]), "messages")
    assert all(shares)
    assert sorted(shares[0] + shares[1]) == ids(messages(100))
    assert ids(rest) == ids(messages(100))
    assert broker.owed() == 0


def test_a_message_for_nobody_is_not_confirmed(broker):
    """Where no group has subscribed, the sender learns that nobody will ever get its message."""
    queue = broker.queue(groups=[])

    with pytest.raises(Unconfirmed):
        queue.publish(messages(1))


def test_one_key_keeps_its_order_where_a_part_has_one_consumer(broker, observe):
    """Messages with one key go to one part; as long as one consumer has the part, nothing overtakes there."""
    parts = [broker.queue(part=f"-{number}") for number in range(3)]
    sent = messages(200, keys=7)
    Producer(Partitions(parts), batch=20).send(sent)
    seen = [delivery.message for part in parts for delivery in drain(part, part.lag(BILLING))]
    order = lambda found, key: ids(one for one in found if one.key == key)
    disordered = [key for key in {one.key for one in sent} if order(seen, key) != order(sent, key)]

    observe("messages out of order within their key", len(disordered), "keys")
    assert len(seen) == len(sent)
    assert disordered == []


def test_every_process_sends_a_key_to_the_same_part():
    """Senders in different processes agree where a key goes, without asking each other."""
    keys = [f"key-{at}" for at in range(20)]
    here = [Partitions([None] * 8).part_of(key) for key in keys]
    there = f"[Partitions([None] * 8).part_of(key) for key in {keys!r}]"
    with doomed("sysdesign.distributed.message_queue", "part_of", ["Partitions"]) as other:
        ended = other.attempt(f"1 // ({there} == {here!r})")  # an error ends it otherwise

    assert len(set(here)) > 1
    assert ended == 0


def test_two_consumers_of_one_queue_overtake_each_other(broker):
    """Counterexample: when one of two consumers is slow, the second message of a key is done before the first."""
    producer, slow, fast = broker.queue(), broker.queue(prefetch=1), broker.queue(prefetch=1)
    producer.publish(messages(2))
    done = []
    first = slow.receive(BILLING, 1, WAIT_SECONDS)
    second = fast.receive(BILLING, 1, WAIT_SECONDS)
    for queue, taken in ((fast, second), (slow, first)):
        done += ids(taken)
        queue.acknowledge(BILLING, taken)

    assert done == ["00001", "00000"]


def test_what_failed_is_tried_again_after_a_growing_delay(broker, observe):
    """A message whose work failed comes again, not at once but after a delay, each time a longer one."""
    delay, begun = Backoff(first_seconds=0.05, factor=3.0), []

    def fails_twice(message):
        begun.append(time.monotonic())
        if len(begun) < TRIES:
            raise ConnectionError("the bank is closed")

    worker = Worker(broker.queue(), BILLING, fails_twice, tries=TRIES, delay=delay)
    broker.queue().publish(messages(1))
    work_until(lambda: len(begun) == TRIES, worker)
    waited = [after - before for before, after in itertools.pairwise(begun)]

    observe("delays", ", ".join(f"{seconds:.3f}" for seconds in waited), "s")
    assert [seconds >= delay(attempt) for attempt, seconds in enumerate(waited, 1)] == [True, True]
    assert broker.owed() == 0


def test_poison_is_laid_aside_after_its_tries_and_stops_nobody(broker, observe):
    """A message that fails each time is a dead letter after its last try, and those behind it are done long before."""
    queue, tried = broker.queue(), Counter()

    def fails_on_the_first(message):
        tried[message.id] += 1
        if message.id == "00000":
            raise ZeroDivisionError(message.body)

    worker = Worker(queue, BILLING, fails_on_the_first, tries=TRIES, delay=lambda _: 0.02)
    broker.queue().publish(messages(3))
    work_until(lambda: queue.dead_letters(BILLING) or tried["00000"] > TRIES, worker)
    dead = queue.dead_letters(BILLING)

    observe("tries of the poison", tried["00000"], "tries")
    assert [(letter.message.id, "ZeroDivisionError" in letter.why) for letter in dead] == [("00000", True)]
    assert tried == {"00000": TRIES, "00001": 1, "00002": 1}
    assert broker.owed() == 0


def test_a_message_that_kills_its_workers_is_laid_aside_too(broker):
    """The broker counts deliveries, so that a message which kills whoever takes it does not kill for ever."""
    producer, deaths, tries = broker.queue(), 0, 2
    producer.publish(messages(1))
    for _ in range(tries + 1):
        with closing(broker.queue()) as queue:
            try:
                Worker(queue, BILLING, dies, tries=tries).work(WAIT_SECONDS)
            except Killed:
                deaths += 1
    dead = producer.dead_letters(BILLING)

    assert (deaths, ids(dead)) == (tries, ["00000"])


def test_what_does_not_fit_its_schema_is_laid_aside_at_once(broker):
    """A message that says nothing useful is a dead letter at its first try: no other try would find it better."""
    queue, done = broker.queue(), []
    bodies = [b'{"order": 1}', b'{"order": "one"}', b"{}", b"\xff"]
    broker.queue().publish([Message(str(at), "key", body) for at, body in enumerate(bodies)])
    worker = Worker(queue, BILLING, lambda message: done.append(parsed(message, ORDER)))
    work_until(lambda: len(queue.dead_letters(BILLING)) == 3, worker)
    dead = queue.dead_letters(BILLING)

    assert done == [{"order": 1}]
    assert [letter.message.body for letter in dead] == bodies[1:]
    assert ["schema" in dead[0].why, "schema" in dead[1].why, "JSON" in dead[2].why] == [True, True, True]
    with pytest.raises(Malformed):
        parsed(dead[0].message, ORDER)


def test_a_slow_consumer_holds_no_more_than_its_share(broker):
    """A consumer has at most as many messages in hands as it asked for: what it has not begun others may do."""
    producer, slow, other = broker.queue(), broker.queue(prefetch=SHARE), broker.queue()
    producer.publish(messages(10))
    held = slow.receive(BILLING, SHARE, WAIT_SECONDS)
    waiting = eventually(lambda: producer.lag(BILLING))
    taken = other.receive(BILLING, 10, WAIT_SECONDS)

    assert waiting == 10 - SHARE
    assert (held[0].message.id, ids(taken)) == ("00000", ids(messages(10 - SHARE, first=SHARE)))


def test_a_full_queue_refuses_and_its_sender_waits(broker, observe):
    """A queue takes so many messages and no more: the sender hears of it, and goes on when there is room again."""
    queue, consumer = broker.queue(longest=LONGEST), broker.queue(longest=LONGEST)
    sent, refused = messages(5 * LONGEST), []
    for at in range(0, len(sent), 5):
        try:
            queue.publish(sent[at : at + 5])
        except Full as full:
            refused += ids(full.messages)
    held = queue.lag(BILLING)
    sender = threading.Thread(target=Producer(broker.queue(longest=LONGEST), batch=5).send, args=[sent])
    sender.start()
    received = drain(consumer, held + len(sent))
    sender.join()

    observe("messages held by a queue for twenty", held, "messages")
    assert LONGEST <= held < 2 * LONGEST
    assert held + len(refused) == len(sent)
    assert Counter(ids(received)) == Counter(ids(sent)) + Counter(ids(sent)) - Counter(refused)


def test_a_message_over_the_limit_is_refused_before_anything_is_sent(broker):
    """A message that is too large is refused with its batch, and the sender can go on with others."""
    queue = broker.queue(limit_bytes=LIMIT_BYTES)
    fits, large = (
        Message(name, "key", bytes(size)) for name, size in (("fits", LIMIT_BYTES), ("large", LIMIT_BYTES + 1))
    )

    with pytest.raises(TooLarge, match="1001 bytes; 1000 are allowed"):
        queue.publish([fits, large])
    assert queue.lag(BILLING) == 0
    queue.publish([fits])
    assert ids(drain(queue, 1)) == ["fits"]
    assert broker.owed() == 0


def test_what_comes_twice_has_its_effect_once(broker, tmp_path):
    """A consumer that notes each id together with its effect does nothing when a message comes again; one that does not does it twice."""
    queue, naive = broker.queue(), []
    insert = lambda connection, message: connection.execute("INSERT INTO effects VALUES (?)", [message.id])
    broker.queue().publish(messages(3) + messages(3))
    with database(tmp_path / "shop.db") as shop, closing(Inbox(tmp_path / "shop.db")) as inbox:

        def handle(message):
            naive.append(message.id)
            inbox.once(message, insert)

        work_until(lambda: len(naive) == 6, Worker(queue, BILLING, handle))

        assert effects(shop) == dict.fromkeys(ids(messages(3)), 1)
        assert Counter(naive) == dict.fromkeys(ids(messages(3)), 2)


def test_a_consumer_killed_at_any_step_leaves_each_effect_once(broker, tmp_path, observe):
    """A consumer is killed behind each of its steps, from taking a message to acknowledging it, and every effect is there once."""
    path, queue = str(tmp_path / "shop.db"), broker.queue()
    told = [broker.kind, broker.server.url, broker.name, BILLING, path]
    expression = f"consume(*{told!r}, {WAIT_SECONDS}, **{broker.options!r})"
    with database(path) as shop, doomed("fixtures.doomed_consumers", "passed", ["Steps"]) as consumer:

        def attempt(number):
            queue.publish(messages(1, first=number))
            return expression

        deaths = list(consumer.deaths(attempt))
        eventually(lambda: [consume(*told, BRIEF_SECONDS, **broker.options)] and broker.owed() == 0)

        observe("steps behind which a consumer was killed", len(deaths) - 1, "steps")
        assert effects(shop) == dict.fromkeys(ids(messages(len(deaths), first=1)), 1)


def test_a_connection_cut_while_sending_loses_nothing(broker, link, observe):
    """When the wire is cut the sender knows what was not confirmed, and sends it again: some come twice, none is lost."""
    wire = link(broker.server)
    queue, sent = broker.queue(), messages(300)
    remote = broker.queue(url=broker.at(wire), groups=[])
    producer = Producer(remote, batch=10, patience_seconds=WAIT_SECONDS)
    producer.send(sent[:100])
    wire.cut()
    with pytest.raises(Unconfirmed) as cut:
        Producer(remote, patience_seconds=0.0).send(sent[100:110])
    wire.heal()
    sender = threading.Thread(target=producer.send, args=[sent[100:]])
    sender.start()
    eventually(lambda: len(producer.confirmed) > 150)
    wire.cut()
    wire.heal()
    sender.join()
    received = Counter(ids(drain(queue, queue.lag(BILLING))))

    observe("messages that came twice", received.total() - len(received), "messages")
    assert ids(cut.value.messages) == ids(sent[100:110])
    assert ids(producer.confirmed) == ids(sent)
    assert sorted(received) == ids(sent)


def test_a_broker_killed_in_mid_stream_has_all_that_it_confirmed(breakable, kind, thoroughness, observe):
    """The broker is killed again and again while messages come and go: what it had confirmed is there when it is back."""
    kills = 10 if thoroughness > 1 else KILLS[kind]
    producer, consumer, received = Producer(breakable.queue(), batch=10), breakable.queue(groups=[]), Counter()

    def take():
        with suppress(Unavailable):
            batch = consumer.receive(BILLING, 50, BRIEF_SECONDS)
            received.update(ids(batch))
            consumer.acknowledge(BILLING, batch)
            return len(batch)
        return None

    with sending(producer, 10):
        for _ in range(kills):
            enough = len(producer.confirmed) + STREAM
            eventually(lambda enough=enough: take() is not None and len(producer.confirmed) > enough, within=30.0)
            breakable.server.kill()
            breakable.server.restart()
    with suppress(AssertionError):  # what is lost is told below
        eventually(lambda: take() is not None and received.keys() >= set(ids(producer.confirmed)))
    lost = set(ids(producer.confirmed)) - received.keys()

    observe("kills", kills, "kills")
    observe("messages confirmed", len(producer.confirmed), "messages")
    observe("messages that came more than once", received.total() - len(received), "messages")
    observe("confirmed messages lost", len(lost), "messages")
    assert lost == set()


def test_the_lag_grows_through_an_outage_and_is_worked_off(broker, draw):
    """While the consumers are down the queue grows by what is sent; when they are back it shrinks, to nothing."""
    producer, consumer, down, depth, owed = broker.queue(), broker.queue(prefetch=10), range(5, 15), [], 0
    for at in range(40):
        producer.publish(messages(20, first=20 * at))
        owed += 20
        if at == down.start:
            consumer.close()
            eventually(lambda owed=owed: producer.lag(BILLING) == owed)  # what it had in hands waits again
        depth.append((at, producer.lag(BILLING)))
        if at not in down:
            owed -= len(drain(consumer, min(30, owed)))
    draw(
        "Depth of a queue through an outage",
        "Consumers are down in between; then they work off three batches for two that come.",
        {broker.kind: depth},
        "round",
        "messages waiting",
        kind="step",
        bands={"consumers down": (down.start, down.stop)},
    )

    grown = [waiting for _, waiting in depth[down.start : down.stop]]
    assert [after - before for before, after in itertools.pairwise(grown)] == [20] * 9
    assert (owed, producer.lag(BILLING)) == (0, 0)


def test_many_confirms_under_way_cost_a_fraction(broker, ratio, observe):
    """A hundred messages whose confirms are awaited together cost a fraction of a hundred that wait one by one, and none is lost."""
    queue, numbers = broker.queue(), itertools.count(step=100)
    sent = set()

    def publish(batches):
        for batch in batches(messages(100, next(numbers))):
            queue.publish(batch)
            sent.update(ids(batch))

    with one_core(broker.server):
        times = ratio(
            "one confirm a message ÷ a hundred together",
            lambda: publish(lambda batch: [[one] for one in batch]),
            lambda: publish(lambda batch: [batch]),
            clock=cpu_clock(broker.server),  # waiting for the disk comes on top, and is saved as well
            pairs=9,
        )

    observe("messages confirmed", len(sent), "messages")
    assert set(ids(drain(broker.queue(), len(sent)))) == sent
    assert times.low >= CONFIRMS_RATIO


@pytest.mark.parametrize("engine", engines({"redis": "redis"}))
def test_reading_hundreds_costs_a_fraction_of_one_by_one(engine, redis_server, ratio):
    """Messages that are asked for and acknowledged by the hundred cost a fraction of those that are asked for one by one."""
    with closing(Broker(str(engine), redis_server)) as broker, one_core(redis_server):
        queue = broker.queue(groups=[BILLING])
        numbers = itertools.count(step=SUPPLY)

        def read(count):
            for _ in range(100 // count):
                batch = queue.receive(BILLING, count, 0.0)
                if not batch:
                    queue.publish(messages(SUPPLY, next(numbers)))
                queue.acknowledge(BILLING, batch)

        times = ratio(
            "one by one ÷ by the hundred", lambda: read(1), lambda: read(100), clock=cpu_clock(redis_server), pairs=9
        )

    assert times.low >= READS_RATIO


@pytest.mark.benchmark(group="a hundred messages sent, confirmed, received and acknowledged")
def test_the_cost_of_a_hundred_messages(broker, benchmark):
    """What it costs to pass a hundred messages through the queue."""
    queue = broker.queue()
    batch = messages(100)

    def passed():
        queue.publish(batch)
        left = 100
        while left:
            taken = queue.receive(BILLING, left, WAIT_SECONDS)
            queue.acknowledge(BILLING, taken)
            left -= len(taken)
        return left

    assert benchmark(passed) == 0

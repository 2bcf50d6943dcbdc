"""SQL and NoSQL · tables and documents

Problem        One shop keeps things that belong together (an order and its lines) and things that many share (customers,
               stock). A store is made for one kind, and the other has to be brought into its form.
Idea           Tables hold each fact once, with rules between them, and join what is asked for. A document holds what is read
               together, in one piece; it can differ from the next, and nobody keeps the rules between two of them.
Guarantees     On each engine: what a transaction does is done as a whole or not at all, into whatever crash; what was
               acknowledged outlives a kill; a rule that the store keeps, no caller breaks. One document changes at once.
Trade-off      An order is one document and one round trip, against rows in two tables; a question across orders reads whole
               documents where SQL reads the rows it wants. Without a schema a new field costs nothing, and a wrong one neither.
Not shown      Replica sets of several members, sharding, write concerns below majority; other kinds of NoSQL (key-value, wide
               columns, graphs); a loss of power; customers that are removed.
Sources        Codd: A Relational Model of Data for Large Shared Data Banks (1970); Berenson et al.: A Critique of ANSI SQL
               Isolation Levels (1995); postgresql.org/docs/current/transaction-iso.html; mongodb.com/docs/manual/data-modeling
Implementation src/sysdesign/storage/sql_and_nosql
Engines        SQLite · PostgreSQL · MongoDB
"""

import functools
import itertools
import signal
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, replace
from http.client import HTTPConnection
from json import dumps

import pytest

from fixtures.apps import served_apps
from fixtures.deaths import doomed
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.servers.mongo_server import fresh_mongo_database
from fixtures.servers.postgres_server import fresh_database
from sysdesign.storage import sql_and_nosql
from sysdesign.storage.sql_and_nosql import Isolation, Line, Order, Refused, Rule, Sales, Step, create_app, open_shop

APP = "sysdesign.storage.sql_and_nosql:create_app"
SERVERS = {"SQLite": None, "PostgreSQL": "postgres", "MongoDB": "mongo"}
on_tables = pytest.mark.parametrize("engine", engines({"SQLite": None, "PostgreSQL": "postgres"}), indirect=True)
on_documents = pytest.mark.parametrize("engine", engines({"MongoDB": "mongo"}), indirect=True)

ALICE, BOB = 1, 2
CREDIT_CENTS = 1_000  # of each of the two at first
IN_STOCK = 1_000  # pieces of each product at first
LINES = 50  # of the order whose round trips are counted
PLACE_ROUND_TRIPS = 5  # at most, however many lines: begin, order, lines, stock, commit
TRANSFERS = 16  # at the same time
SEQUENCES, STEPS = 200, 2  # of operations on all engines in step; so many times so many in each, at most
CONFIRMED = 20  # orders before the kill, at least
WATCHED_SECONDS = 0.2  # how long one waits for another that may be unable to come

CARL = {"id": 3, "email": "carl@example.org", "name": "Carl", "credit_cents": 0}
TWO_LINES = Order("R-1", ALICE, "secret", (Line("tea", 2, 300), Line("coffee", 1, 450)))


def furnish(shop):
    """Two customers and three products."""
    customers, products = ((ALICE, "Alice"), (BOB, "Bob")), (("tea", "drinks"), ("coffee", "drinks"), ("cup", "ware"))
    shop.empty()
    shop.insert("customers", *[{**CARL, "id": n, "email": name, "credit_cents": CREDIT_CENTS} for n, name in customers])
    shop.insert("stock", *[{"product": product, "category": of, "count": IN_STOCK} for product, of in products])
    return shop


def created(url):
    with closing(open_shop(url)) as shop:
        shop.create()
        furnish(shop)
    return url


@pytest.fixture(scope="module")
def store(request, tmp_path_factory):
    """For each engine, the URL of a shop: a file, or a database of our own on the shared server."""
    with ExitStack() as stack:
        fresh = {"postgres": fresh_database, "mongo": fresh_mongo_database}

        @functools.cache
        def store(engine):
            if server := SERVERS[engine]:
                return created(stack.enter_context(fresh[server](request.getfixturevalue(f"{server}_server"))))
            return created(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")

        yield store


@pytest.fixture(params=engines(SERVERS))
def engine(request):
    """The engine's name."""
    return request.param


@pytest.fixture
def opened():
    """Open shops, which are closed when the test ends."""
    with ExitStack() as stack:
        yield lambda url, **options: stack.enter_context(closing(open_shop(url, **options)))


@pytest.fixture
def connect(store, opened, engine):
    """Open one more connection to the engine's shop: `connect(isolation=…, reach=…)`."""
    return functools.partial(opened, store(engine))


@pytest.fixture
def shop(connect):
    """The engine's shop, as furnished."""
    return furnish(connect())


def outcome(work, *arguments, **named):
    """What became of a call: what it returned, or the rule by which it was refused."""
    try:
        return work(*arguments, **named)
    except Refused as refused:
        return refused.rule


def test_the_same_shop_runs_on_tables_and_on_documents(shop):
    """An order that was placed comes back with its lines, is shipped as a whole, and its reference is given once."""
    shop.place(TWO_LINES)
    placed = shop.order("R-1")
    shop.ship("R-1")

    assert placed == TWO_LINES
    assert all(line.shipped for line in shop.order("R-1").lines)
    assert outcome(shop.place, TWO_LINES) is Rule.UNIQUE
    assert outcome(shop.ship, "R-2") is Rule.REFERENCE


def test_bad_data_is_refused_by_the_store_itself(shop, observe):
    """A negative credit, a missing address and a text for a number are refused, whoever sends them past the shop."""
    nowhere = {name: value for name, value in CARL.items() if name != "email"}
    bad = {"negative": {**CARL, "credit_cents": -1}, "missing": nowhere, "mistyped": {**CARL, "credit_cents": "much"}}
    refusals = {what: outcome(shop.insert, "customers", fields) for what, fields in bad.items()}

    observe("refused", ", ".join(what for what, refusal in refusals.items() if refusal))
    assert refusals == dict.fromkeys(bad, Rule.CHECK)
    assert outcome(shop.add_credit, ALICE, -CREDIT_CENTS - 1) is Rule.CHECK
    assert shop.credits() == {ALICE: CREDIT_CENTS, BOB: CREDIT_CENTS}


def test_documents_without_a_validator_take_anything(mongo, observe):
    """Counterexample: where nobody has set a validator, what makes no sense is kept as well as what does."""
    mongo.customers.insert_many([{"credit_cents": -1}, {"credit_cents": "much"}, {"colour": "blue"}])

    kept = mongo.customers.count_documents({})
    observe("kept of what makes no sense", kept, "documents")
    assert kept == 3


@pytest.mark.differs({"MongoDB": "it has no foreign keys: an order of nobody is kept unless the application looks"})
def test_an_order_of_nobody_is_refused_by_the_store_itself(shop, engine):
    """What refers to a customer who does not exist cannot be kept."""
    line = {"product": "tea", "quantity": 1, "price_cents": 1}
    fields = {
        "reference": "R-1",
        "customer": 99,
        "code": "secret",
        **({"lines": [line]} if engine == "MongoDB" else {}),
    }

    assert outcome(shop.insert, "orders", fields) is Rule.REFERENCE


def test_an_order_that_cannot_be_served_leaves_nothing_behind(shop):
    """An order of too much, of an unknown product or of nobody is not kept, and takes nothing out of the stock."""
    all_tea, too_much, unknown = Line("tea", IN_STOCK, 300), Line("coffee", IN_STOCK + 1, 450), Line("unicorn", 1, 1)

    assert outcome(shop.place, replace(TWO_LINES, lines=(all_tea, too_much))) is Rule.CHECK
    assert outcome(shop.place, replace(TWO_LINES, lines=(all_tea, unknown))) is Rule.REFERENCE
    assert outcome(shop.place, replace(TWO_LINES, customer=99)) is Rule.REFERENCE
    assert outcome(replace, TWO_LINES, lines=()) is Rule.CHECK
    assert shop.order("R-1") is None
    assert (shop.in_stock("tea"), shop.in_stock("coffee")) == (IN_STOCK, IN_STOCK)


@on_tables
def test_a_table_takes_a_new_field_after_alter_table(shop):
    """A field that nobody declared is refused; ALTER TABLE gives it to all rows, and the old ones have no value in it."""
    undeclared = outcome(shop.insert, "customers", {**CARL, "phone": "555-1234"})
    shop.database.run("ALTER TABLE customers ADD COLUMN phone TEXT")
    try:
        shop.insert("customers", {**CARL, "phone": "555-1234"})
        phones = shop.database.run("SELECT phone FROM customers ORDER BY id").fetchall()
    finally:
        shop.database.run("ALTER TABLE customers DROP COLUMN phone")

    assert undeclared is Rule.SHAPE
    assert phones == [(None,), (None,), ("555-1234",)]


@on_documents
def test_a_document_takes_a_new_field_without_migration(shop):
    """The next document simply has it, misspelled or not; the old ones lack it, and readers have to be ready for both."""
    shop.insert("customers", {**CARL, "phone": "555-1234"})

    assert list(shop.documents.customers.find({}, {"_id": 0, "phone": 1})) == [{}, {}, {"phone": "555-1234"}]


def test_a_question_goes_by_one_line_not_by_the_order_as_a_whole(shop):
    """Orders with five teas are those where one line says so, not those with a tea and five of something else."""
    shop.place(Order("R-1", ALICE, "secret", (Line("tea", 1, 300), Line("coffee", 5, 450))))
    shop.place(Order("R-2", ALICE, "secret", (Line("coffee", 1, 450), Line("tea", 5, 300))))

    assert shop.orders_of("tea", at_least=5) == ["R-2"]
    assert shop.orders_of("tea", at_least=1) == ["R-1", "R-2"]


@on_documents
def test_a_question_that_misses_the_shape_finds_too_little_or_too_much(shop):
    """Counterexample: a part of a line equals no line, and two conditions on all lines are fulfilled by two of them."""
    shop.place(Order("R-1", ALICE, "secret", (Line("tea", 1, 300), Line("coffee", 5, 450))))
    count = shop.documents.orders.count_documents

    assert count({"lines": {"product": "coffee", "quantity": 5}}) == 0
    assert count({"lines.product": "tea", "lines.quantity": 5}) == 1


def test_group_by_and_the_pipeline_sum_the_same(shop):
    """What was sold counts every line of every order, and is out of the stock; who has ordered nothing has spent 0."""
    shop.place(TWO_LINES)
    shop.place(Order("R-2", ALICE, "secret", (Line("tea", 3, 250), Line("tea", 1, 300))))

    assert shop.sold() == {"tea": Sales(6, 1_650), "coffee": Sales(1, 450)}
    assert shop.in_stock("tea") == IN_STOCK - 6
    assert shop.spent() == {ALICE: 2_100, BOB: 0}


def machines(each, ended, enough):
    """Return sequences of operations on all engines in step: each must do the same, and end with the same."""
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, rule

    references, products = st.sampled_from(["R-1", "R-2"]), st.sampled_from(["tea", "coffee", "cup"])
    customers, cents = st.integers(ALICE, BOB + 1), st.integers(0, 2 * CREDIT_CENTS)  # there is no third customer
    lines = st.lists(st.builds(Line, products, st.integers(1, IN_STOCK), st.integers(0, 999)), min_size=1, max_size=4)
    orders = st.builds(Order, references, customers, st.just("secret"), lines.map(tuple))
    moves = st.tuples(st.just("transfer"), customers, customers, cents)
    spends = st.tuples(st.just("add_credit"), customers, cents.map(CREDIT_CENTS.__sub__))
    ships, withdraws = (st.tuples(st.just(name), of) for name, of in (("ship", references), ("withdraw", products)))

    operation = st.one_of(st.tuples(st.just("place"), orders), moves, spends, ships, withdraws)

    class Shops(RuleBasedStateMachine):
        furnished = False  # what is given up before its first operation costs nothing

        @rule(operations=st.lists(operation, min_size=1, max_size=STEPS))
        def agree(self, operations):
            if not self.furnished:
                if len(ended) == enough:  # Hypothesis goes on until it has given up none of so many half-way
                    return
                self.furnished = bool(each(furnish))
            self.compare(*operations)

        def compare(self, *operations):
            outcomes = each(lambda shop: [outcome(getattr(shop, name), *given) for name, *given in operations])
            assert outcomes == outcomes[:1] * len(SERVERS)

        def teardown(self):
            if self.furnished:
                self.compare(("sold",), ("spent",), ("credits",), ("order", "R-1"))
                ended.append(self)

    return Shops


@pytest.mark.needs("postgres")
@pytest.mark.needs("mongo")
def test_all_engines_agree_after_any_sequence_of_operations(store, opened, seed, thoroughness, observe):
    """Whatever is asked of the three shops in whatever order, each answers the same, and all sums are equal."""
    from hypothesis import HealthCheck, Phase, settings
    from hypothesis import seed as seeded
    from hypothesis.stateful import run_state_machine_as_test

    shops, ended, enough = [opened(store(engine)) for engine in SERVERS], [], SEQUENCES * thoroughness
    often = {"max_examples": enough, "stateful_step_count": STEPS, "deadline": None, "database": None}
    as_they_are = {"phases": [Phase.generate], "suppress_health_check": list(HealthCheck)}
    with ThreadPoolExecutor(len(shops)) as pool:
        each = lambda work: list(pool.map(work, shops))
        machine = seeded(seed)(machines(each, ended, enough))
        run_state_machine_as_test(machine, settings=settings(**often, **as_they_are))

    observe("sequences on three engines", len(ended), "sequences")
    assert len(ended) == enough


def at_once(connect, *works):
    """Do each work on a connection of its own, all together: who has read waits for the others to have read, if they can."""
    barrier = threading.Barrier(len(works))

    def meet(step):
        if step is Step.READ:
            with suppress(threading.BrokenBarrierError):
                barrier.wait(WATCHED_SECONDS)

    shops = [connect(reach=meet) for _ in works]
    with ThreadPoolExecutor(len(works)) as pool:
        return sorted(pool.map(outcome, works, shops), key=str)


def test_a_unique_index_lets_one_of_two_have_an_address(connect, shop):
    """Of two customers with one address who come at the same time, one is refused."""
    numbers = iter((3, 4))
    outcomes = at_once(connect, *[lambda shop: shop.insert("customers", {**CARL, "id": next(numbers)})] * 2)

    assert outcomes == [None, Rule.UNIQUE]
    assert len(shop.credits()) == 3


def test_two_changes_of_one_customer_at_once_both_count(connect, shop, observe):
    """The store adds, in one step with its condition: no change is lost, and nothing is spent twice."""
    at_once(connect, *[lambda shop: shop.add_credit(ALICE, 1)] * 2)
    spent = at_once(connect, *[lambda shop: shop.add_credit(BOB, -CREDIT_CENTS)] * 2)

    observe("credit after two additions of 1", shop.credits()[ALICE] - CREDIT_CENTS, "cents")
    assert shop.credits() == {ALICE: CREDIT_CENTS + 2, BOB: 0}
    assert spent == [None, Rule.CHECK]


def violations(connect, move):
    """Let many move credit to and fro at the same time, and count how often whoever looks in between finds some missing."""
    seen, own = [], threading.local()

    def look(_=None):
        if not hasattr(own, "auditor"):
            own.auditor = connect()
        seen.append(sum(own.auditor.credits().values()))

    shops, turns = [connect(reach=look) for _ in range(TRANSFERS)], itertools.cycle([(ALICE, BOB), (BOB, ALICE)])
    with ThreadPoolExecutor(TRANSFERS) as pool:
        outcomes = list(pool.map(lambda shop, turn: outcome(move, shop, *turn, look), shops, turns))
    assert (outcomes, len(seen) >= TRANSFERS) == ([None] * TRANSFERS, True)
    return sum(total != 2 * CREDIT_CENTS for total in seen)


def test_concurrent_transfers_are_never_seen_half_done(connect, shop, observe):
    """Between the two writes of each of many transfers somebody looks: taken and given are there together, or neither."""
    broken = violations(connect, lambda shop, giver, receiver, _: shop.transfer(giver, receiver, 1))

    observe(f"violations in {TRANSFERS} concurrent transfers", broken, "violations")
    assert broken == 0
    assert shop.credits() == {ALICE: CREDIT_CENTS, BOB: CREDIT_CENTS}


def test_transfers_in_two_commits_are_seen_half_done(connect, shop, observe):
    """Counterexample: where taking and giving are committed one by one, money is missing in between."""

    def in_two_commits(shop, giver, receiver, look):
        shop.add_credit(giver, -1)
        look()
        shop.add_credit(receiver, 1)

    broken = violations(connect, in_two_commits)

    observe(f"violations in {TRANSFERS} concurrent transfers", broken, "violations")
    assert broken > 0


def test_opposite_transfers_do_not_wait_for_each_other(connect, shop):
    """Both take the first customer first: so no two can each hold what the other needs, and be stuck or start again."""
    barrier, met = threading.Barrier(2), []

    def meet(_):
        with suppress(threading.BrokenBarrierError):
            met.append(barrier.wait(WATCHED_SECONDS))

    shops = [connect(reach=meet) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda shop, turn: shop.transfer(*turn, 1), shops, [(ALICE, BOB), (BOB, ALICE)]))

    assert met == []


def test_two_decisions_at_once_leave_one_product_on_sale(connect, shop):
    """Each of two decisions rests on the other product's staying on sale; made at once, the second is refused."""
    outcomes = at_once(connect, lambda shop: shop.withdraw("tea"), lambda shop: shop.withdraw("coffee"))

    assert outcomes == [None, Rule.CHECK]
    assert len(shop.on_sale("drinks")) == 1


@pytest.mark.differs({"SQLite": "it has one writer at a time, and so is always serializable"})
def test_on_snapshots_both_decisions_are_right_and_the_rule_is_broken(connect, shop):
    """Counterexample (write skew): each sees the other product on sale in its snapshot, and in the end none is."""
    on_snapshots = functools.partial(connect, isolation=Isolation.SNAPSHOT)
    at_once(on_snapshots, lambda shop: shop.withdraw("tea"), lambda shop: shop.withdraw("coffee"))

    assert shop.on_sale("drinks") == []


TEXTS = ("' OR '1'='1", "'; DROP TABLE lines; --", '{"$gt": ""}', "$ne")
OPERATORS = ({"$gt": ""}, {"$ne": None}, {"$regex": "."}, ["secret"], True, None)


def test_what_looks_like_code_is_data(store, engine, shop, observe):
    """Whatever a request sends for the code of an order, as SQL or as operators, it finds nothing and harms nothing."""
    shop.place(TWO_LINES)
    application = create_app(store(engine))
    ask = lambda code: (
        application.test_client().post("/orders/track", json={"reference": "R-1", "code": code}).status_code
    )
    with closing(application.extensions["shop"]):
        texts, operators, right = list(map(ask, TEXTS)), list(map(ask, OPERATORS)), ask("secret")

    observe("statuses", " ".join(map(str, [*texts, *operators, right])))
    assert (set(texts), set(operators), right) == ({404}, {400}, 200)
    assert shop.order("R-1") == TWO_LINES


@on_documents
def test_an_operator_is_compared_as_a_value(shop):
    """Even past the API, an object with an operator is a value like others, which no code equals."""
    shop.place(TWO_LINES)

    assert shop.documents.orders.find_one({"_id": "R-1", "code": {"$gt": ""}})  # so it would be found
    assert shop.track("R-1", {"$gt": ""}) is None


@pytest.fixture(scope="module")
def mortal(servers, tmp_path_factory):
    """For each engine, the URL of a shop and whoever keeps it, to be killed: a server, or for SQLite a process of the shop."""
    with ExitStack() as stack:
        app = stack.enter_context(served_apps())

        @functools.cache
        def mortal(engine):
            make = stack.enter_context(servers.private(SERVERS[engine])) if SERVERS[engine] else lambda: None
            server, file = make(), f"sqlite:///{tmp_path_factory.mktemp('mortal') / 'shop.db'}"
            url = created(server.url.replace("/?", "/shop?") if server else file)
            return url, server or app(APP, url=url)

        yield mortal


def post(process, path, body):
    with closing(HTTPConnection(process.host, process.port, timeout=10)) as connection:
        connection.request("POST", path, dumps(body), {"Content-Type": "application/json"})
        return connection.getresponse().status


def place_at(process, order):
    assert post(process, "/orders", asdict(order)) == 201


KILLS = {  # what a process does, the step behind which it dies, what it writes, and what of that is left
    (f"transfer({ALICE}, {BOB}, 1)", Step.COMMITTED): (lambda shop: shop.credits().values(), "both"),
    ("ship('R-1')", Step.WRITTEN): (lambda shop: shop.order("R-1").lines, "both"),  # one statement, one document
    (f"place({replace(TWO_LINES, reference='R-2')})", Step.WRITTEN): (
        lambda shop: [shop.order("R-2"), shop.in_stock("tea"), shop.in_stock("coffee")],
        "neither",
    ),
    (f"transfer({ALICE}, {BOB}, 1)", Step.WRITTEN): (lambda shop: shop.credits().values(), "neither"),
}


@pytest.fixture(scope="module")
def process():
    """A process that does what it is told with a shop, and dies behind a step."""
    with doomed(sql_and_nosql.__name__, preload=["psycopg", "pymongo"]) as process:
        yield process


def test_killed_between_two_writes_a_process_leaves_neither_or_both(mortal, opened, engine, process, observe):
    """A process that dies by kill -9 has done all of what it was at, or nothing."""
    url, left = (
        mortal(engine)[0],
        [],
    )  # MongoDB keeps what a dead client has locked, for a minute: not on the shared server
    shop = opened(url)
    shop.place(TWO_LINES)
    for (work, last), (writes, _) in KILLS.items():
        before = list(writes(shop))
        ended = process.attempt(f"open_shop({url!r}, reach=lambda step: step == {str(last)!r} and die()).{work}")
        assert ended == -signal.SIGKILL
        changed = {old != new for old, new in zip(before, writes(shop), strict=True)}
        left.append({(True,): "both", (False,): "neither"}.get((*changed,), "some"))
        observe(f"left of {work.partition('(')[0]} killed behind {last}", left[-1])

    assert left == [expected for _, expected in KILLS.values()]


@on_documents
def test_killed_between_two_documents_a_process_leaves_one(store, engine, shop, process, observe):
    """Counterexample: two documents written one after the other are two facts, and a kill comes in between."""
    ended = process.attempt(
        f"[shop := open_shop({store(engine)!r}), shop.add_credit({ALICE}, -1), die(), shop.add_credit({BOB}, 1)]"
    )

    missing = 2 * CREDIT_CENTS - sum(shop.credits().values())
    observe("taken and not given", missing, "cents")
    assert (ended, missing) == (-signal.SIGKILL, 1)


def test_what_was_confirmed_outlives_a_kill(mortal, opened, engine, observe):
    """Whoever keeps the data is stopped and killed (kill -9) in the middle of orders: all that were confirmed are there."""
    url, keeper = mortal(engine)
    place = opened(url).place if SERVERS[engine] else functools.partial(place_at, keeper)
    confirmed, ended = [], threading.Event()

    def keep_placing():
        for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
            order = replace(TWO_LINES, reference=f"confirmed-{number}", lines=(Line("cup", 1, 100),))
            place(order)
            confirmed.append(order)

    with ThreadPoolExecutor(1) as pool:
        placing = pool.submit(keep_placing)
        eventually(lambda: len(confirmed) >= CONFIRMED)
        keeper.pause()
        wait([placing], timeout=WATCHED_SECONDS)  # who confirms without asking the store goes on
        ended.set()
        keeper.kill()
        keeper.start()
    shop = opened(url)
    alive = [order for order in confirmed if shop.order(order.reference) == order]

    observe("confirmed before the kill", len(confirmed), "orders")
    observe("alive after the kill", len(alive), "orders")
    assert alive == confirmed


LARGE = Order("R-50", ALICE, "secret", tuple(Line("tea", 1, 100) for _ in range(LINES)))
SMALL = replace(LARGE, reference="R-1", lines=LARGE.lines[:1])
PIECES = {  # the large order once more, as the rows and as the document that an engine keeps
    "PostgreSQL": [
        ("lines", {"reference": "R-1", "number": number, **asdict(line), "shipped": 0})
        for number, line in enumerate(LARGE.lines, start=1)
    ],
    "MongoDB": [("orders", {**asdict(LARGE), "reference": "R-51"})],
}
MARKS = {  # what stands in each answer, in none but what is to be left out, and in each row or order that comes back
    "PostgreSQL": (b"Z\0\0\0\5", b"not there", b"D\0\0"),  # ReadyForQuery, DataRow
    "MongoDB": (b"\xdd\7\0\0", b"isWritablePrimary", b"\2_id\0"),  # OP_MSG, without the driver's own greetings
}


@pytest.fixture
def measure(store, link, opened, request):
    """Count, on the wire, what it takes an engine to keep and to read an order."""

    def measure(engine):
        server = request.getfixturevalue(f"{SERVERS[engine]}_server")
        wire = link(server)
        shop = furnish(opened(store(engine).replace(f":{server.port}/", f":{wire.port}/")))

        def answers(work, *arguments):
            begin = len(wire.to_client.recorded)
            work(*arguments)
            answer, others, records = map(wire.to_client.recorded[begin:].count, MARKS[engine])
            return answer - others, records

        return {
            "to place 1 line": answers(shop.place, SMALL)[0],
            f"to place {LINES} lines": answers(shop.place, LARGE)[0],
            "to keep it piece by piece": sum(answers(shop.insert, *piece)[0] for piece in PIECES[engine]),
            "to read it": answers(shop.order, "R-50")[0],
            "rows or documents read": answers(shop.order, "R-50")[1],
        }

    return measure


@pytest.mark.needs("postgres")
@pytest.mark.needs("mongo")
def test_an_order_is_fifty_rows_or_one_document(measure, observe, draw):
    """Piece by piece the rows cost a round trip each, the document one; as the shop does it, the lines cost none at all."""
    measured = {engine: measure(engine) for engine in MARKS}
    draw(
        "The same order in both shapes", "Fifty rows or one document; rows that are sent one by one take a round trip each.",
        {engine: list(counts.items()) for engine, counts in measured.items()},
        x=f"one order of {LINES} lines", y="round trips", kind="bars", log="y",
    )  # fmt: skip
    for engine, counts in measured.items():
        observe(f"{engine}, round trips", ", ".join(f"{count} {what}" for what, count in counts.items()))

    one, fifty, by_pieces, to_read, read = zip(*(counts.values() for counts in measured.values()), strict=True)
    assert read == (LINES, 1)
    assert to_read == (1, 1)
    assert by_pieces[0] >= LINES > by_pieces[1] == 1
    assert one == fifty
    assert max(fifty) <= PLACE_ROUND_TRIPS


@pytest.mark.benchmark(group="one order of fifty lines, read")
def test_the_cost_of_one_order(shop, benchmark):
    """What it costs the caller to read an order with fifty lines on each engine."""
    shop.place(LARGE)

    assert benchmark(shop.order, "R-50") == LARGE

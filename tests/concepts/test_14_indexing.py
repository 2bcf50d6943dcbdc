"""Indexes · find a row without reading all

Problem        To find a customer's five orders among a million, a database without an index reads the million.
Idea           A tree sorted by the columns that are asked for: a search descends a few levels, and reads what it wants.
Guarantees     With an index that fits the question, the cost of an answer follows its own size, and hardly the table's. A
               unique index lets no key in twice. A build that is killed harms nothing and can be made good.
Trade-off      Every write keeps every index up to date, and each takes room of its own. An index that fits no question is
               all price.
Not shown      Hash, inverted and spatial indexes; clustered tables; concurrent writers; a disk slower than memory. SQLite's
               unit, a step of its virtual machine, descends a tree at once, however deep: only PostgreSQL's pages show log n.
Sources        Bayer, McCreight: Organization and maintenance of large ordered indexes (1972); sqlite.org/queryplanner.html;
               postgresql.org/docs/current/indexes.html
Implementation src/sysdesign/storage/indexing
Engines        SQLite · PostgreSQL
"""

import contextlib
import functools
import itertools
import math
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from fixtures.engines import engines
from fixtures.ratios import one_core
from fixtures.servers.postgres_server import fresh_database
from sysdesign.storage.indexing import Index, Order, Orders, PostgreSQL, ReferenceTaken, SQLite

ROWS = 20_000
SIZES = (1_000, 10_000, 100_000, 1_000_000)  # rows
ORDERS_PER_CUSTOMER = 5
CUSTOMER = 42
EMAIL = "customer42@example.org"  # written otherwise in the table
BATCH = 100  # orders inserted at once

SEARCH_TO_SCAN = 1 / 10  # cost of an answer by index ÷ by full scan, at ROWS and on the engine that gains least
SCAN_EXPONENT = 0.9  # cost ~ rows ** exponent
SEARCH_EXPONENT = 0.2
PAGES_PER_TENFOLD = 1  # ~ log n: what a tenfold table may add to a search
SECONDS_RATIO = {"SQLite": 1_000, "PostgreSQL": 200}  # full scan ÷ index search, at a million rows
INSERT_RATIO = 1.5  # with all five indexes ÷ with none

SQLITE = (
    "synchronous = OFF",  # a killed process loses nothing for it
    "cache_size = -32768",  # KiB: as much as the PostgreSQL of the tests has
    "temp_store = MEMORY",  # no file for what undoes a statement
)

FILL = """
    INSERT INTO orders
    WITH RECURSIVE series(n) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT n + 1 FROM series WHERE n < ?)
    SELECT 'R-' || (100000000 + n * 7919 % 99999989), customer, 'Customer' || customer || '@Example.org',
           'P-' || (n * 15485863 % 10007), CASE WHEN n % 100 = 0 THEN 'open' ELSE 'shipped' END, 'EUR',
           1700000000 + n, n * 7919 % 10000
    FROM (SELECT n, ? + n * 104729 % ? AS customer FROM series) AS scattered
"""


def numbered(first, last):
    """What fills a table with the orders number `first` to `last`, five a customer, scattered among those of others."""
    return FILL, first, last, first // ORDERS_PER_CUSTOMER, (last - first + 1) // ORDERS_PER_CUSTOMER


@pytest.fixture(scope="module")
def connect(servers, tmp_path_factory):
    """For each engine, how to get an empty database: a file, or a schema on the shared server."""
    with contextlib.ExitStack() as opened:

        def sqlite():
            path = tmp_path_factory.mktemp("sqlite") / "orders.db"
            connection = opened.enter_context(contextlib.closing(sqlite3.connect(path)))
            for setting in SQLITE:
                connection.execute(f"PRAGMA {setting}")
            return SQLite(connection)

        @functools.cache
        def postgres():
            server = servers.shared("postgres")
            return server, opened.enter_context(fresh_database(server)), itertools.count()

        def postgresql():
            server, url, numbers = postgres()
            connection = opened.enter_context(server.recipe.client(url))
            schema = f"shop_{next(numbers)}"
            connection.execute(f"CREATE SCHEMA {schema}")
            connection.execute(f"SET search_path = {schema}")
            return PostgreSQL(connection)

        yield {"SQLite": sqlite, "PostgreSQL": postgresql}


def shop(database):
    """Twenty thousand orders, without any index."""
    orders = Orders(database)
    orders.create_table()
    database.rows(*numbered(1, ROWS))
    database.analyze()
    return orders


@pytest.fixture(params=engines({"SQLite": None, "PostgreSQL": "postgres"}))
def engine(request):
    """The engine's name."""
    return request.param


@pytest.fixture
def make_orders(connect, engine):
    """Build tables of orders without any index."""
    return lambda: shop(connect[engine]())


@pytest.fixture
def orders(make_orders):
    """Twenty thousand orders without any index."""
    return make_orders()


@pytest.fixture
def explain(orders, observe):
    """Run a question, note how it was answered, and return that."""

    def explain(question, *parameters):
        plan = orders.database.explain(question, *parameters)
        observe(f"{question} · {plan.access}", plan.cost, orders.database.unit)
        return plan

    return explain


def indexed(orders, *indexes):
    """Create indexes, and let the planner know."""
    orders.create_indexes(*indexes)
    orders.database.analyze()


def room(orders, index):
    """Create an index, and return how many bytes it takes."""
    before = orders.database.bytes()
    indexed(orders, index)
    return orders.database.bytes() - before


def test_an_index_turns_a_full_scan_into_a_search(orders, explain):
    """One customer's orders are read from all of the table at first, and from a small part of it once there is an index."""
    without, answer = explain(orders.of_customer, CUSTOMER), orders.database.rows(orders.of_customer, CUSTOMER)

    orders.create_indexes()
    orders.database.analyze()
    with_index = explain(orders.of_customer, CUSTOMER)

    assert (without.access, with_index.access) == ("full scan", "index search")
    assert with_index.cost <= without.cost * SEARCH_TO_SCAN
    assert sorted(orders.database.rows(orders.of_customer, CUSTOMER)) == sorted(answer)


def a_million(database):
    """Let a table grow to a million orders, and count at each size what one customer's orders cost."""
    orders, scans, searches = Orders(database), [], []
    orders.create_table()
    for before, rows in itertools.pairwise((0, *SIZES)):
        database.rows(f"DROP INDEX IF EXISTS {orders.by_customer.name}")
        database.rows(*numbered(before + 1, rows))
        customer = rows // ORDERS_PER_CUSTOMER - 1
        scans.append((rows, database.explain(orders.of_customer, customer).cost))
        indexed(orders, orders.by_customer)
        searches.append((rows, database.explain(orders.of_customer, customer).cost))
    return SimpleNamespace(orders=orders, customer=customer, scans=scans, searches=searches)


@pytest.fixture(scope="module")
def grow(connect, servers):
    """A table of a million orders on each engine, made once; the server's grows beside the file's."""
    with ThreadPoolExecutor(1) as pool:
        beside = "postgres" in servers.needed and pool.submit(a_million, connect["PostgreSQL"]())
        yield functools.cache(lambda engine: a_million(connect[engine]()) if engine == "SQLite" else beside.result())


@pytest.fixture
def grown(grow, engine):
    """A million orders, an index on the customer, and what was counted on the way."""
    return grow(engine)


def test_without_an_index_cost_grows_as_the_table_and_with_it_hardly(grown, observe, draw):
    """A table a thousand times as large costs a scan about a thousand times as much, and a search a page or two more."""
    unit = grown.orders.database.unit
    series = {"full scan": grown.scans, "index search": grown.searches}
    draw(
        "One customer's orders in a growing table",
        "Without the index the cost follows the table; with it the line lies flat: ten times the rows, a level of the tree.",
        series, x="rows", y=f"cost [{unit}]", log="xy",
    )  # fmt: skip

    scan, search = (exponent(points) for points in series.values())
    per_tenfold = slope([(math.log10(rows), cost) for rows, cost in grown.searches])
    observe("full scan ~ rows to the power of", scan)
    observe("index search ~ rows to the power of", search)
    observe("added to a search by a tenfold table", per_tenfold, unit)

    assert scan >= SCAN_EXPONENT
    assert search <= SEARCH_EXPONENT
    assert per_tenfold <= PAGES_PER_TENFOLD


def slope(points):
    """Fit a line."""
    return statistics.linear_regression(*zip(*points, strict=True)).slope


def exponent(points):
    """Fit a power law: the slope where both axes are logarithmic."""
    return slope([(math.log(rows), math.log(cost)) for rows, cost in points])


def test_a_composite_index_serves_its_leftmost_columns(orders, explain):
    """An index on customer and then date finds a customer, or a customer's dates, and is of no use for a date alone."""
    indexed(orders, orders.by_customer)

    customer = explain(orders.of_customer, CUSTOMER)
    both = explain("SELECT * FROM orders WHERE customer = ? AND placed_at > ?", CUSTOMER, 1_700_000_000 + ROWS // 2)
    date = explain("SELECT * FROM orders WHERE placed_at = ?", 1_700_000_042)

    assert both.cost < customer.cost
    assert customer.cost <= date.cost * SEARCH_TO_SCAN


def test_an_index_in_the_order_of_the_question_saves_the_sort(orders, explain):
    """The newest three orders of a customer come out of the index in their order; without the date in it they are sorted."""
    indexed(orders, Index("orders_by_customer_alone", "customer"))
    sorting = explain(orders.newest_of_customer, CUSTOMER)

    indexed(orders, orders.by_customer)
    in_order = explain(orders.newest_of_customer, CUSTOMER)

    assert (sorting.sorts, in_order.sorts) == (True, False)
    assert in_order.cost < sorting.cost


def test_a_covering_index_answers_without_the_table(orders, explain):
    """Where the index holds every column that is asked for, the table is not read at all."""
    indexed(orders, Index("orders_by_customer_alone", "customer"))
    looking_up = explain(orders.account_of_customer, CUSTOMER)

    indexed(orders, orders.by_customer)
    covered = explain(orders.account_of_customer, CUSTOMER)

    assert (looking_up.access, covered.access) == ("index search", "index-only search")
    assert covered.cost < looking_up.cost


def test_a_partial_index_holds_only_the_rows_that_are_asked_for(orders, explain, observe):
    """An index of the open orders alone finds the oldest of them, in a small part of the room that a whole index takes."""
    partial, whole = room(orders, orders.open_by_age), room(orders, Index("orders_by_age", "placed_at"))

    observe("index of the open orders", partial / ROWS, "bytes a row")
    observe("index of all orders", whole / ROWS, "bytes a row")
    assert explain(orders.oldest_open).index == orders.open_by_age.name
    assert partial <= whole * SEARCH_TO_SCAN


def test_an_expression_index_finds_what_a_function_makes_of_a_column(orders, explain):
    """An address is found however it is written, once the index holds its lower-case form."""
    indexed(orders, Index("orders_by_email_as_written", "email"))
    as_written = explain(orders.of_email, EMAIL)

    indexed(orders, orders.by_email)
    lower = explain(orders.of_email, EMAIL)

    assert (as_written.access, lower.access) == ("full scan", "index search")
    assert len(orders.database.rows(orders.of_email, EMAIL)) == ORDERS_PER_CUSTOMER


def test_a_prefix_is_searched_and_an_infix_is_not(orders, explain):
    """LIKE 'P-123%' bounds the part of the index to read; LIKE '%123%' may match anywhere, and reads everything."""
    indexed(orders, orders.by_product)

    prefix = explain(orders.of_product_like, "P-123%")
    infix = explain(orders.of_product_like, "%123%")

    assert (prefix.access, infix.access) == ("index search", "full scan")
    assert prefix.cost <= infix.cost * SEARCH_TO_SCAN


def test_an_index_that_leaves_nothing_out_is_declined(orders, explain):
    """Where all rows have the same value the planner reads the table, and is right: the index would save nothing."""
    by_currency = Index("orders_by_currency", "currency")
    indexed(orders, by_currency)
    in_euro = "SELECT * FROM orders WHERE currency = 'EUR'"

    chosen = explain(in_euro)
    with orders.database.forced(in_euro, by_currency.name) as insisting:
        forced = explain(insisting)

    assert (chosen.access, forced.access) == ("full scan", "index search")
    assert chosen.cost <= forced.cost


def test_a_reference_that_is_taken_is_refused_and_the_table_stays_whole(orders, observe):
    """Of orders placed together none is kept if one has a reference that exists; afterwards the others can be placed."""
    indexed(orders, orders.by_reference)
    one, two, three = (Order(f"R-{n}", CUSTOMER, EMAIL, "P-1", "open", "EUR", 1_800_000_000, n) for n in (1, 2, 3))
    orders.place(two)

    with pytest.raises(ReferenceTaken):
        orders.place(one, two, three)
    [(kept,)] = orders.database.rows("SELECT count(*) FROM orders")
    observe("kept of the refused orders", kept - ROWS - 1, "orders")
    assert kept == ROWS + 1

    orders.place(one, three)
    assert orders.database.rows("SELECT count(*) FROM orders") == [(ROWS + 3,)]


def test_stale_statistics_mislead_the_planner_until_it_looks_again(orders, explain):
    """When each total was rare the planner learnt to search by it; now all are equal, and it does so until ANALYZE."""
    by_total = Index("orders_by_total", "total_cents")
    indexed(orders, by_total, Index("orders_by_customer_alone", "customer"))
    both = "SELECT * FROM orders WHERE customer = ? AND total_cents = ?"
    orders.database.rows("UPDATE orders SET total_cents = 990")

    misled = explain(both, CUSTOMER, 990)
    orders.database.analyze()
    informed = explain(both, CUSTOMER, 990)

    assert (misled.index, informed.index) == (by_total.name, "orders_by_customer_alone")
    assert informed.cost <= misled.cost * SEARCH_TO_SCAN


DIE_IN_MID_BUILD = """
import os, signal, sqlite3, sys
path, statement = sys.argv[1:]
connection = sqlite3.connect(path)
connection.execute("PRAGMA cache_size = 10")  # pages: the rest of a build has to go to the file before it is complete
size = os.path.getsize(path)
connection.set_progress_handler(lambda: os.path.getsize(path) > size and os.kill(os.getpid(), signal.SIGKILL), 100)
connection.execute(statement)
"""


@pytest.fixture
def kill_a_build_on_sqlite(connect):
    """Have another process build the index, and die by kill -9 when a part of it is in the file."""

    def kill_a_build(index):
        orders = shop(connect["SQLite"]())
        [(_, _, path)] = orders.database.rows("PRAGMA database_list")
        died = subprocess.run([sys.executable, "-c", DIE_IN_MID_BUILD, path, orders.statement(index)], check=False)
        assert died.returncode == -signal.SIGKILL
        return orders

    return kill_a_build


@pytest.fixture
def kill_a_build_on_postgresql(make_postgres, eventually):
    """Have a server build the index beside a writer, and end it by kill -9 while the build waits for the writer."""
    with contextlib.ExitStack() as opened:

        def kill_a_build(index):
            server = make_postgres()
            connect = lambda: opened.enter_context(contextlib.closing(server.client()))
            orders, writer, watcher = shop(PostgreSQL(connect())), connect(), connect()
            writer.execute("BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE")
            building = "SELECT FROM pg_stat_progress_create_index WHERE phase LIKE 'waiting%'"
            with ThreadPoolExecutor(1) as pool:
                build = pool.submit(orders.create_indexes, index)
                eventually(lambda: watcher.execute(building).rowcount)
                server.kill()
            assert build.exception()
            server.restart()
            return Orders(PostgreSQL(connect()))

        yield kill_a_build


@pytest.fixture
def kill_a_build(engine, request):
    """Begin to build an index, kill whoever builds it, and return the orders as they are found afterwards."""
    return request.getfixturevalue(f"kill_a_build_on_{engine.lower()}")


def test_a_build_killed_half_way_harms_nothing_and_is_made_good(kill_a_build, observe):
    """After a kill -9 in mid-build all rows are there and the index is not used; building it again makes it good."""
    orders = kill_a_build(Orders.by_email)
    database, name = orders.database, Orders.by_email.name

    left = database.indexes().get(name)
    observe("what the killed build has left", "nothing" if left is None else "an invalid index")
    assert not left
    assert database.rows("SELECT count(*) FROM orders") == [(ROWS,)]
    assert database.explain(orders.of_email, EMAIL).access == "full scan"

    indexed(orders, orders.by_email)
    assert database.indexes()[name]
    assert database.explain(orders.of_email, EMAIL).access == "index search"


def test_a_function_or_a_cast_on_the_column_defeats_the_index(orders, explain):
    """Counterexample: the index is sorted by the column, not by what a function or a cast makes of it, and all is read."""
    indexed(orders, orders.by_customer, Index("orders_by_age", "placed_at"))

    cast = explain("SELECT * FROM orders WHERE CAST(customer AS TEXT) = ?", str(CUSTOMER))
    function = explain("SELECT * FROM orders WHERE abs(customer) = ?", CUSTOMER)

    assert (cast.access, function.access) == ("full scan", "full scan")


@pytest.fixture
def alone(engine, servers):
    """How to measure whatever else the machine does: SQLite by this thread's own time, PostgreSQL on one core with us."""
    if engine == "SQLite":
        yield {"clock": time.thread_time}
    else:
        with one_core(servers.shared("postgres")):
            yield {}


def test_among_a_million_rows_a_search_is_a_thousand_times_as_fast(grown, engine, alone, ratio):
    """One customer's orders come out of the index 1,000 times as fast as by a full scan (200 times over the network)."""
    database, question = grown.orders.database, grown.orders.of_customer

    def scan():
        with database.forced(question, index=None) as by_scan:
            return database.rows(by_scan, grown.customer)

    seconds = ratio(
        "full scan ÷ index search", scan, lambda: database.rows(question, grown.customer), pairs=12, **alone
    )

    assert seconds.low >= SECONDS_RATIO[engine]


def test_each_index_makes_each_insert_dearer(make_orders, alone, observe, draw, ratio):
    """Each index adds to the work of every insert, and to the room that the orders take."""
    bare, laden, first = make_orders(), make_orders(), itertools.count(ROWS + 1, BATCH)
    batch = lambda: numbered(begin := next(first), begin + BATCH - 1)
    rooms, works = [], [laden.database.cost(*batch()) / BATCH]

    for index in laden.indexes:
        rooms.append(room(laden, index))
        observe(f"{index.name} takes", rooms[-1] / ROWS, "bytes a row")
        works.append(laden.database.cost(*batch()) / BATCH)
    with laden.database.transaction(), bare.database.transaction():  # no commit is measured
        insert = [lambda one=one: one.database.rows(*batch()) for one in (laden, bare)]
        seconds = ratio("insert with five indexes ÷ with none", *insert, pairs=31, slice_seconds=0.005, **alone)

    added = {index: more - less for index, (less, more) in zip(laden.indexes, itertools.pairwise(works), strict=True)}
    draw(
        "What each index adds to an insert", "A partial index adds least: few orders fulfil its condition.",
        {"added": [(index.name, work) for index, work in added.items()]}, x="index", y=f"cost [{laden.database.unit}]",
        kind="bars",
    )  # fmt: skip
    assert min(rooms) > 0
    assert min(work for index, work in added.items() if not index.where) > max(1, added[laden.open_by_age])
    assert seconds.low >= INSERT_RATIO


@pytest.mark.benchmark(group="one customer's orders among a million")
def test_the_cost_of_one_search(grown, alone, benchmark):
    """What one search costs on each engine, from the caller's side."""
    found = benchmark(grown.orders.database.rows, grown.orders.of_customer, grown.customer)

    assert len(found) == ORDERS_PER_CUSTOMER

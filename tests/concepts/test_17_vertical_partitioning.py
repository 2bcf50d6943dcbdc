"""Vertical partitioning · hot columns apart from cold ones

Problem        A list of users shows their names, and reads their biographies along: a row is stored, cached and logged whole.
Idea           Split the table by its columns: the few bytes that are always asked for in one part, the many that are seldom in
               another, secrets in a third. All have the user's id for their key, and a facade that knows which column is where.
Guarantees     A question reads the parts that hold its columns, and no other. A change is made in all parts or in none, also when
               the process is killed; in two databases, sooner or later. While the cold one is down, hot columns are served.
Trade-off      The whole user is a join, a new user several inserts. In two databases the foreign key is lost, and the cold part
               may lag behind. Where the engine keeps long values elsewhere anyway, little is gained.
Not shown      Column stores; a cold store that accepts connections and never answers, or that is restored from an old backup; the
               page images in PostgreSQL's log (full_page_writes); the sweeping of what is remembered of removed users.
Sources        sqlite.org/lang_attach.html (atomic over attached files, unless in WAL mode); postgresql.org/docs/current/
               storage-toast.html, ddl-priv.html; Navathe et al.: Vertical Partitioning Algorithms for Database Design (1984)
Implementation src/sysdesign/storage/vertical_partitioning
Engines        SQLite · SQLite in two files · PostgreSQL
"""

import contextlib
import functools
import itertools
import json
import secrets
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from fixtures.deaths import act_behind, doomed
from fixtures.engines import engines
from fixtures.servers.postgres_server import fresh_database
from sysdesign.storage import vertical_partitioning
from sysdesign.storage.vertical_partitioning import (
    ACCOUNT,
    PARTS,
    PROFILE,
    SECRET,
    WIDE,
    Answer,
    Forbidden,
    Migration,
    MovingUsers,
    NoSuchUser,
    Unavailable,
    UnknownColumn,
    UserExists,
    Users,
    UsersApart,
    bytes_logged,
    bytes_read,
    row_bytes,
    tables_read,
)

MANY, FEW = 600, 60  # users
BATCH = 7  # users, copied at once
LATER = 1_000  # ids of users who come later
PACE_SECONDS = 0.002  # between the writes of clients
PATIENCE_SECONDS = 0.02  # with a lock that is not given
NEAR = 1.35  # pages hold whole rows, and are not quite full
OUT_OF_LINE_BYTES = 6_000  # a biography that PostgreSQL keeps elsewhere by itself
OUT_OF_LINE_GAIN = 2  # at most, though the row is many times wider than its hot part
FILE_BYTES = 60_000  # the longest file that a process may write: the cold one is longer


def person(number, **other):
    """A user's columns: 47 bytes of them hot, 1,100 cold, 71 secret."""
    return {
        "name": f"User {number:06}",
        "email": f"user{number:06}@example.org",
        "status": "active",
        "last_seen_at": 1_700_000_000 + number,
        "biography": f"I am number {number:06}. " * 30,
        "address": f"{number:06} High Street, ".ljust(120, "."),
        "preferences": json.dumps({"languages": ["en"] * 50}),
        "password_hash": "$2b$12$".ljust(60, "x"),
        "tax_number": f"{number:011}",
        **other,
    }


class Store:
    """A place for users: how to connect to it, and (as its text) how another process does."""

    def __init__(self, stack, kind, *where):
        self._stack, self.kind, self.where = stack, kind, where

    def connect(self, **options):
        """Return a new connection, which is closed when the test ends."""
        return self._stack.enter_context(
            contextlib.closing(getattr(vertical_partitioning, self.kind)(*self.where, **options))
        )

    def fill(self, numbers=(), parts=PARTS, *, options=None, **other):
        """Create parts with these users, and return their facade."""
        users = Users(self.connect(**options or {}), parts)
        users.create_tables()
        with users.database.transaction():
            for number in numbers:
                users.add(number, **person(number, **other))
        return users

    def __str__(self):
        return f"{self.kind}({', '.join(map(repr, self.where))})"


@pytest.fixture(scope="module")
def postgres_url(servers):
    """The URLs of two databases of PostgreSQL, each made when it is needed."""
    with contextlib.ExitStack() as stack:
        yield functools.cache(lambda _number: stack.enter_context(fresh_database(servers.shared("postgres"))))


@pytest.fixture
def new_store(request, tmp_path):
    """For each engine, how to get an empty store: one or two files, or a schema in one of two databases."""
    with contextlib.ExitStack() as stack:
        new = functools.partial(Store, stack)
        file = lambda: str(tmp_path / f"{secrets.token_hex(4)}.db")

        def postgresql(database=1):
            url, schema = request.getfixturevalue("postgres_url")(database), f"users_{secrets.token_hex(4)}"
            new("PostgreSQL", url).connect().rows(f"CREATE SCHEMA {schema}")
            return new("PostgreSQL", f"{url}?options={quote(f'-csearch_path={schema}')}")

        yield {
            "SQLite": lambda: new("SQLite", file()),
            "SQLite in two files": lambda *journal: new("SQLite", file(), file(), *journal),
            "PostgreSQL": postgresql,
        }


@pytest.fixture(params=engines({"SQLite": None, "SQLite in two files": None, "PostgreSQL": "postgres"}))
def engine(request):
    """The engine's name."""
    return request.param


def on(*names):
    """Run a test on these engines, where it is not about all."""
    needs = {name: "postgres" if name == "PostgreSQL" else None for name in names}
    return pytest.mark.parametrize("engine", engines(needs), indirect=True)


@pytest.fixture
def store(new_store, engine):
    """An empty store."""
    return new_store[engine]()


@pytest.fixture
def users(store):
    """The facade over parts without any user."""
    return store.fill()


def ids_by_part(users):
    """Which users each part has a row of."""
    return [{user for (user,) in users.database.rows(f"SELECT id FROM {part.table}")} for part in users.parts]


QUESTIONS = {
    "everybody's name": lambda users: users.scan("name", "status"),
    "one user's name": lambda users: users.read(1, "name", "status"),
    "one user's biography": lambda users: users.read(1, "biography"),
    "one whole user": lambda users: users.read_whole(1),
}


def test_hot_columns_are_read_from_the_hot_part_alone(users, observe):
    """A question for hot columns reads the hot table and no other, and a question for cold ones the cold table."""
    users.add(1, **person(1))
    read = [tables_read(users, ask) for ask in QUESTIONS.values()]

    for question, tables in zip(QUESTIONS, read, strict=True):
        observe(question, ", ".join(sorted(tables)))
    hot, cold, secret = ({part.table} for part in PARTS)
    assert read == [hot, hot, cold, hot | cold | secret]


def test_whoever_asks_for_the_whole_user_gets_it_rejoined(users):
    """The columns of all parts come back as one user, and a change of columns in several parts is one change."""
    users.add(1, **person(1))
    users.add(2, name="Anonymous")
    assert users.read_whole(1) == Answer(person(1))

    users.update(1, biography="Retired.", status="inactive")

    assert users.read_whole(1) == Answer(person(1, biography="Retired.", status="inactive"))
    assert users.read(1, "biography", "name").values == {"biography": "Retired.", "name": "User 000001"}
    assert users.read_whole(2).values == dict.fromkeys(person(2)) | {"name": "Anonymous"}


def test_insert_and_delete_keep_the_parts_in_step(users):
    """A user is in each part or in none: after an insert, a delete, and changes of which one half was refused."""
    users.add(1, **person(1))
    users.add(2, **person(2))
    users.remove(1)
    assert ids_by_part(users) == [{2}] * 3

    half = {"name": "Half", "biography": "\ud800"}  # half a character, which no database takes
    for refusal, change in (
        (UnicodeEncodeError, lambda: users.add(3, **half)),
        (UnicodeEncodeError, lambda: users.update(2, **half)),
        (UserExists, lambda: users.add(2, **person(3))),
        (NoSuchUser, lambda: users.remove(1)),
        (NoSuchUser, lambda: users.update(1, biography="Nobody's.")),
    ):
        with pytest.raises(refusal):
            change()

    assert ids_by_part(users) == [{2}] * 3
    assert users.read_whole(2) == Answer(person(2))


INJECTED = "name FROM user_secrets; DROP TABLE user_secrets; --"
HARMLESS = "'); DROP TABLE user_profiles; -- 100 % ?"


def test_an_unknown_column_is_refused_and_a_value_is_only_a_value(users):
    """A column that nobody declared is refused by name before anything is done; a value may look like SQL, and is kept."""
    users.add(1, **person(1))
    told = []
    for ask in (
        lambda: users.scan("*"),
        lambda: users.read(1, "name", "nickname"),
        lambda: users.read(1, INJECTED),
        lambda: users.update(1, **{"status": "inactive", f"{INJECTED} = ?": "x"}),
        lambda: users.add(2, **person(2), nickname="Two"),
    ):
        with pytest.raises(UnknownColumn) as refusal:
            ask()
        told.append(str(refusal.value))

    users.update(1, biography=HARMLESS)
    assert "'nickname'" in told[1]
    assert users.read_whole(1) == Answer(person(1, biography=HARMLESS))
    assert ids_by_part(users) == [{1}] * 3


@pytest.mark.differs({"SQLite in two files": "no foreign key reaches from one file into another"})
def test_in_one_database_a_foreign_key_stands_behind_the_facade(users):
    """Whoever bypasses the facade can neither add a cold row without its user, nor leave one when the user is deleted."""
    users.add(1, **person(1))
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        users.database.rows(f"INSERT INTO {PROFILE.table} (id, biography) VALUES (2, 'Nobody''s.')")

    users.database.rows(f"DELETE FROM {ACCOUNT.table}")

    assert ids_by_part(users) == [set()] * 3


@pytest.fixture
def role(users):
    """A role that may use the schema, and nothing in it."""
    name, run = f"support_{secrets.token_hex(4)}", users.database.rows
    [(schema,)] = run("SELECT current_schema()")
    run(f"CREATE ROLE {name}")
    run(f"GRANT USAGE ON SCHEMA {schema} TO {name}")
    yield name
    run(f"DROP OWNED BY {name}")
    run(f"DROP ROLE {name}")


@on("PostgreSQL")
def test_sensitive_columns_are_behind_their_own_grant(users, role, store):
    """A role that was granted the hot and the cold part reads them; the server refuses it the secrets, and every change."""
    users.add(1, **person(1))
    users.grant_reading(role, ACCOUNT, PROFILE)
    store.where = (store.where[0] + quote(f" -crole={role}"),)
    support = Users(store.connect())

    assert support.read(1, "name", "address").values == {"name": "User 000001", "address": person(1)["address"]}
    for ask in (
        lambda: support.read(1, "tax_number"),
        lambda: support.read_whole(1),
        lambda: support.database.rows(f"SELECT password_hash FROM {SECRET.table}"),
        lambda: support.update(1, status="admin"),
    ):
        with pytest.raises(Forbidden):
            ask()


def test_a_scan_reads_as_much_less_as_the_hot_part_is_narrower(engine, new_store, observe, draw):
    """A list of all names takes as many times fewer pages as the row is wider than its hot part; a whole user takes more."""
    before, after = (new_store[engine]().fill(range(MANY), parts) for parts in ((WIDE,), PARTS))
    read = {}
    for when, users in (("before", before), ("after", after)):
        users.database.rows("ANALYZE")
        read[when] = {question: bytes_read(users, ask) for question, ask in QUESTIONS.items()}

    caption = "The list gains what the row loses in width; one whole user pays for the join."
    series = {when: list(counts.items()) for when, counts in read.items()}
    draw(f"Bytes read per query, {engine}", caption, series, x="query", y="read [bytes]", kind="bars", log="y")
    expected = row_bytes(before.database, WIDE) / row_bytes(after.database, ACCOUNT)
    gain = read["before"]["everybody's name"] / read["after"]["everybody's name"]
    observe("width of the row ÷ of its hot part", expected)
    observe("bytes read for everybody's name, before ÷ after", gain)
    assert expected / NEAR <= gain <= expected * NEAR
    assert read["after"]["one whole user"] > read["before"]["one whole user"]


WHOLE_PAGES = "its log holds whole pages, and one row is one page, however wide"


@pytest.mark.differs({"SQLite": WHOLE_PAGES, "SQLite in two files": WHOLE_PAGES})
def test_a_hot_update_does_not_log_the_cold_columns(engine, new_store, observe):
    """An update logs the row's new version, which after the split is that of the hot part: the cold bytes are saved."""
    options = {} if engine == "PostgreSQL" else {"journal": "WAL"}
    layouts = [new_store[engine]().fill(range(FEW), parts, options=options) for parts in ((WIDE,), PARTS)]

    before, after = (
        bytes_logged(users, lambda users: users.update(1, last_seen_at=1_800_000_000)) for users in layouts
    )

    wide, hot = (row_bytes(users.database, users.parts[0]) for users in layouts)
    observe("logged for a hot update before the split", before, "bytes")
    observe("logged for a hot update after the split", after, "bytes")
    observe("width of the other columns", wide - hot, "bytes")
    assert before - after >= (wide - hot) / NEAR


@on("PostgreSQL")
def test_where_long_values_are_out_of_line_already_little_is_gained(engine, new_store, chance, observe):
    """Counterexample: PostgreSQL keeps values over 2 kB elsewhere by itself, so that a list never read them."""
    columns = dict.fromkeys(("address", "preferences", *SECRET.columns))
    columns["biography"] = chance.randbytes(OUT_OF_LINE_BYTES // 2).hex()  # compresses to no less than 2 kB
    layouts = [new_store[engine]().fill(range(MANY), parts, **columns) for parts in ((WIDE,), PARTS)]

    before, after = (bytes_read(users, QUESTIONS["everybody's name"]) for users in layouts)

    wide, hot = (row_bytes(users.database, users.parts[0]) for users in layouts)
    observe("width of the row ÷ of its hot part", wide / hot)
    observe("bytes before ÷ after", before / after)
    assert wide / hot > 10 * OUT_OF_LINE_GAIN
    assert before <= after * OUT_OF_LINE_GAIN


@pytest.fixture(scope="module")
def process():
    """A process that is killed behind a statement."""
    databases = "SQLite", "PostgreSQL"
    with doomed(vertical_partitioning.__name__, steps="rows", of=databases, preload=["psycopg"]) as process:
        yield process


def test_killed_behind_any_statement_a_user_is_in_all_parts_or_in_none(store, process, observe):
    """Whatever statement the process is killed behind, an insert or a delete has happened in all parts or in none."""
    users = store.fill(range(LATER, LATER + FEW))

    added = list(process.deaths(lambda n: f"Users({store}).add({n}, **{person(n)})"))
    removed = list(process.deaths(lambda n: f"Users({store}).remove({LATER + n})"))

    observe("kills", len(added) + len(removed) - 2, "kills")
    committed = set(added[-2:])  # the last was not killed, the last but one behind its COMMIT
    left = set(range(LATER, LATER + FEW)) - {LATER + number for number in removed[-2:]}
    assert ids_by_part(users) == [committed | left] * 3


@on("SQLite in two files")
def test_only_with_rollback_journals_is_a_commit_to_two_files_one(engine, new_store, process, observe):
    """A crash amid a COMMIT to attached files is undone in both, unless they have write-ahead logs: then a user is torn."""
    torn = {}
    for journal in ("by default", "WAL"):
        store = new_store[engine](*[journal] * (journal == "WAL"))
        users = store.fill(range(FEW))
        ended = process.attempt(f"Users({store}).add({LATER}, name='Torn')", file_bytes=FILE_BYTES)
        hot, cold, _ = ids_by_part(users)
        torn[journal] = ended, hot - cold
        observe(f"users without a cold part, journal {journal}", len(hot - cold), "users")

    killed = -signal.SIGXFSZ  # as it wrote to the cold file
    assert torn == {"by default": (killed, set()), "WAL": (killed, {LATER})}


class Apart:
    """Two stores, for the hot and for the cold part, and how to make the cold one unavailable, and available again."""

    def __init__(self, stores, down, up):
        self.stores, self.down, self.up = stores, down, up
        self.users().create_tables()

    def users(self, **options):
        """Return the facade over connections of its own."""
        return UsersApart(*(store.connect(**options) for store in self.stores))

    def ids(self):
        """Which users the hot and which the cold store has."""
        facades = (Users(store.connect(), [part]) for store, part in zip(self.stores, (ACCOUNT, PROFILE), strict=True))
        return [ids for users in facades for ids in ids_by_part(users)]


@pytest.fixture
def apart(engine, new_store, request):
    """Two files, the second of which another connection can hold, or two databases of a server, one of them on a wire."""
    if engine != "PostgreSQL":
        stores = new_store["SQLite"](), new_store["SQLite"]()
        hold = stores[1].connect().rows
        return Apart(stores, lambda: hold("BEGIN EXCLUSIVE"), lambda: hold("ROLLBACK"))
    stores = new_store[engine](), new_store[engine](database=2)
    wire = request.getfixturevalue("link")(request.getfixturevalue("postgres_server"))
    stores[1].where = (f"{stores[1].where[0]}&host={wire.host}&port={wire.port}",)
    return Apart(stores, wire.cut, wire.heal)


@on("SQLite in two files", "PostgreSQL")
def test_in_two_databases_an_outbox_brings_the_cold_part_after_the_hot(apart, process, observe):
    """Killed behind any statement of any change, the next delivery completes it, and no part is without the other."""
    users, doomed_users = apart.users(), "UsersApart({}, {})".format(*apart.stores)
    for number in range(LATER, LATER + FEW):
        users.add(number, **person(number))

    changes = (
        lambda n: f"{doomed_users}.add({n}, **{person(n)})",
        lambda n: f"{doomed_users}.update({LATER + n}, name='New', biography='New')",
        lambda n: f"{doomed_users}.remove({LATER + FEW // 2 + n})",
    )
    kills = sum(len(list(process.deaths(change))) - 1 for change in changes)
    users.deliver()

    observe("kills", kills, "kills")
    hot, cold = apart.ids()
    news = {tuple(users.read(n, "name", "biography").values.values()).count("New") for n in hot}
    assert hot == cold
    assert news == {0, 2}
    assert users.hot.rows("SELECT count(*) FROM user_outbox") == [(0,)]


@on("SQLite in two files", "PostgreSQL")
def test_a_late_delivery_does_not_bring_a_removed_user_back(apart, observe):
    """Whatever statement a delivery is overtaken behind, by another one and by a removal, nothing of the user is left."""
    overtaken, punctual = [], apart.users(wait_seconds=PATIENCE_SECONDS)

    def remove(number):
        overtaken.append(number)
        with contextlib.suppress(NoSuchUser, Unavailable):
            punctual.remove(number)

    for number in itertools.takewhile(lambda n: n <= len(overtaken) + 1, itertools.count(1)):
        late = apart.users()
        act_behind(number, functools.partial(remove, number), (late.hot, late.cold), "rows")
        late.add(number, **person(number))
    punctual.deliver()

    hot, cold = apart.ids()
    observe("overtaken", len(overtaken), "times")
    observe("removed", len(overtaken) + 1 - len(hot), "users")
    assert hot == cold
    assert len(hot) <= len(overtaken)


@on("SQLite in two files", "PostgreSQL")
def test_while_the_cold_store_is_down_hot_columns_are_served_and_the_rest_is_named(apart, observe):
    """Without its cold store the facade answers what it can and names what is missing; changes are made good later."""
    users = apart.users(wait_seconds=PATIENCE_SECONDS)
    users.add(1, **person(1))
    users.add(2, **person(2))

    apart.down()
    hot, mixed = users.read(1, "name", "status"), users.read(1, "biography", "name")
    users.add(3, **person(3))
    users.update(3, address="Moved.")
    users.update(1, status="inactive", biography="Retired.")
    users.remove(2)
    apart.up()

    observe("missing while the cold store is down", ", ".join(mixed.missing))
    assert hot == Answer({"name": "User 000001", "status": "active"})
    assert mixed == Answer({"name": "User 000001"}, missing=("biography",))
    assert users.read_whole(1) == Answer(person(1, status="inactive", biography="Retired."))
    assert users.read_whole(3) == Answer(person(3, address="Moved."))
    assert apart.ids() == [{1, 3}, {1, 3}]


class Clients:
    """Clients who add, change and remove users, and know what was acknowledged, and what they read that was not."""

    def __init__(self, store, chance):
        self.kept, self.writes, self.surprises = {number: person(number) for number in range(FEW)}, 0, []
        self._store, self._chance, self._numbers = store, chance, itertools.count(LATER)

    def write(self, users):
        """Add a user, change another, remove a third, and read."""
        added = next(self._numbers)
        changed, removed = self._chance.sample(sorted(self.kept), 2)
        news = {"status": "changed", "biography": f"Version {added}"}
        users.add(added, **person(added))
        users.update(changed, **news)
        users.remove(removed)
        self.kept |= {added: person(added), changed: self.kept[changed] | news}
        del self.kept[removed]
        self.surprises += [n for n in {added, changed} & self.kept.keys() if users.read_whole(n).values != self.kept[n]]
        self.writes += 3

    def write_until(self, enough):
        with contextlib.closing(self._store.connect()) as database:
            while not enough.wait(PACE_SECONDS):
                self.write(MovingUsers(database))


@pytest.fixture
def wide(store):
    """The wide table, and the signpost that shows the way to it."""
    wide = store.fill(range(FEW), (WIDE,))
    Migration(wide.database).announce()
    return wide


@on("SQLite", "PostgreSQL")
def test_a_live_table_is_split_though_the_migration_is_killed_again_and_again(
    wide, store, process, chance, eventually, observe
):
    """While clients read and write, a migration that is killed behind one statement after the other loses no write."""
    clients, enough = Clients(store, chance), threading.Event()
    with ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as last:
        last.callback(enough.set)
        writing = pool.submit(clients.write_until, enough)
        kills = len(list(process.deaths(lambda _: f"Migration({store}, batch={BATCH}).run()"))) - 1
        meanwhile = clients.writes
        eventually(lambda: writing.done() or clients.writes > meanwhile)

    observe("kills", kills, "kills")
    observe("acknowledged writes meanwhile", meanwhile, "writes")
    users = Users(store.connect())
    assert (writing.exception(), clients.surprises) == (None, [])
    assert {n: dict(zip(users.columns, row, strict=True)) for n, *row in users.scan(*users.columns)} == clients.kept
    assert ids_by_part(users) == [set(clients.kept)] * 3
    with pytest.raises(Exception, match=r"no such table|does not exist"):
        wide.update(0, status="bypassed")


WAITING_FOR_US = "SELECT pid FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"


@on("PostgreSQL")
def test_what_changes_behind_the_copying_is_not_missed(wide, store, eventually):
    """A user who is removed while being copied is not brought back, and one who moves to where it has been is not lost."""
    migration, client = Migration(wide.database, FEW // 2), MovingUsers(store.connect())
    migration.prepare()

    with ThreadPoolExecutor(1) as pool:
        with client.database.transaction():
            client.remove(1)
            copying = pool.submit(migration.copy)
            eventually(lambda: copying.done() or client.database.rows(WAITING_FOR_US))
        assert copying.result()
    client.database.rows(f"UPDATE {WIDE.table} SET id = -1 WHERE id = ?", FEW - 1)
    while migration.copy():
        pass

    assert ids_by_part(Users(client.database)) == [{-1, *range(FEW - 1)} - {1}] * 3


@on("PostgreSQL")
def test_the_switch_waits_for_whoever_has_read_the_signpost(wide, store, eventually):
    """A client who was shown the way to the wide table gets there, and the users move when that change is made."""
    migration, client = Migration(wide.database), MovingUsers(store.connect())
    migration.prepare()
    migration.copy()

    with ThreadPoolExecutor(2) as pool:

        def switch():
            switching = pool.submit(migration.switch)
            eventually(lambda: switching.done() or client.database.rows(WAITING_FOR_US))

        act_behind(2, switch, [client.database], "rows")  # BEGIN is the first statement
        changing = pool.submit(client.update, 1, status="late")
        assert changing.exception() is None

    assert Users(client.database).read(1, "status").values == {"status": "late"}


@pytest.mark.benchmark(group="hot columns of one user")
def test_the_cost_of_reading_hot_columns(users, benchmark):
    """What a user's name costs on each engine, from the caller's side."""
    users.add(1, **person(1))
    assert benchmark(users.read, 1, "name", "status").values == {"name": "User 000001", "status": "active"}

"""GraphQL · ask for exactly what you need

Problem        A screen needs a few fields of many things. From addresses with fixed answers it gets them in many round trips,
               most of them longer than needed; and each new screen wants another address.
Idea           The server publishes a graph of types. The client writes down the shape of the answer it wants, and gets just
               that in one request. Loaders gather what resolvers ask for one by one, and fetch it together.
Guarantees     The answer has the shape of the question. A list of parents with their children takes one statement a level,
               whatever their number. A field that fails is null and told, and its siblings answer. What asks for too much is
               refused before the database hears of it. What was loaded for one reader is shown to no other.
Trade-off      The work that a request is can no longer be read off its address: it must be measured, and limits chosen.
               Caches between client and server have little to hold on to. A list without `first` cannot be had.
Not shown      Persisted documents; @defer and @stream; federation of several graphs; subscriptions across several nodes (24 has
               what that takes); one snapshot for all statements of a request; authorisation finer than whose note it is.
Sources        GraphQL, October 2021, §5, §6.4.4, §7.1; GraphQL over HTTP, draft of the GraphQL Foundation; GraphQL Cursor
               Connections (Relay); the protocol graphql-transport-ws; RFC 6455; RFC 9110 §12.5.1, §15.5.6
Implementation src/sysdesign/apis/graphql
Engines        SQLite · PostgreSQL
"""

import asyncio
import functools
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest

from fixtures.bookshops import AUTHORS, BOOKS_EACH, JSON, NO_BOOK, REVIEWS_EACH, author_of, of, served_shops
from fixtures.engines import engines
from fixtures.graph_cases import (
    AT_THE_LIMIT,
    CHILDREN,
    CLOSED,
    ECHO,
    FOLLOW,
    INTROSPECTION,
    MUSTS,
    NODE,
    NOTE,
    OVER_THE_LIMIT,
    PAGE,
    REVIEW,
    SCREEN,
    SEVERAL,
    SHAPE,
    SHELF,
    WRITE,
    WRONG_ID,
    body,
    by_graph,
    by_rest,
    loading,
)
from fixtures.servers.postgres_server import fresh_database

PARENTS = (1, 5, 20, 50)
A_SCREEN = 10  # authors, with their books and the stars of these
BYTES_RATIO = 8  # of REST ÷ of the graph, both ways, for one screen
FEW = 20  # authors, whose reading is timed
KEYS, MOST_KEYS = 200, 64
POOLS = ("", "/alone")  # paths of shops with a pool of connections each
KINDS = ("Query", "Mutation", "Subscription")
SELECTED = b"SELECT "  # how many rows: with this PostgreSQL ends the answer to a SELECT
TURNS = 20  # of each reader
CHANGED = range(140, 150)  # books, each for one test that changes something
BLOW_UP = 500  # bytes of an answer ÷ bytes of its query, without limits
LIMITS_PER_VALIDATION = 0.1  # cost


@pytest.fixture(scope="module")
def shops(servers, tmp_path_factory):
    """The bookshop on each engine, filled and served when it is first needed."""
    with served_shops() as make, ExitStack() as stack:

        def shop(engine):
            if engine == "SQLite":
                return make(f"sqlite:///{tmp_path_factory.mktemp('shop') / 'shop.db'}")
            server = servers.shared("postgres")
            return make(stack.enter_context(fresh_database(server)), server)

        yield functools.cache(shop)


@pytest.fixture(params=engines({"SQLite": None, "PostgreSQL": "postgres"}))
def shop(request, shops):
    """A bookshop on each engine."""
    return shops(str(request.param))


@pytest.fixture
def any_shop(shops):
    """A bookshop, where the database makes no difference."""
    return shops("SQLite")


def test_the_answer_has_the_shape_of_the_question(shop, observe):
    """A client gets the fields that it has named, under its own names, as often as it has asked for them, and nothing else."""
    client, kind = shop.client(), {"Content-Type": JSON}
    bare = client.send("POST", body=body(SHAPE, {"first": 1}, "Shelf"), headers=kind)
    full = client.send("POST", body=body(SHAPE, {"first": 1, "stars": True}, "Shelf"), headers=kind)

    observe("bytes of the answer", len(bare.body), "bytes")
    spine = {"title": "Book 1", "by": {"name": "Author 1"}}
    assert bare.told == {"data": {"shelf": {"edges": [{"node": spine}]}}}
    assert full.data["shelf"]["edges"][0]["node"] == {**spine, "reviews": {"edges": [{"node": {"stars": 2}}]}}


def test_one_round_trip_reads_what_takes_many_addresses(shop, link, observe):
    """A screen of authors, their books and the stars of these takes one request, and a fraction of the bytes of a REST API."""
    wires = {name: link((shop.program.host, shop.program.port)) for name in ("graph", "REST")}
    clients = {name: shop.client(server=wire) for name, wire in wires.items()}
    screens = by_graph(clients["graph"], A_SCREEN), by_rest(clients["REST"], A_SCREEN)
    requests = {name: wire.to_client.recorded.count(b"HTTP/1.1 200") for name, wire in wires.items()}
    moved = {name: wire.to_server.passed + wire.to_client.passed for name, wire in wires.items()}

    for name in wires:
        observe(f"one screen by {name}", f"{requests[name]} requests, {moved[name]} bytes")
    assert screens[0] == screens[1]
    assert len(screens[0]) == A_SCREEN
    assert requests == {"graph": 1, "REST": 1 + A_SCREEN + A_SCREEN * BOOKS_EACH}
    assert moved["REST"] >= BYTES_RATIO * moved["graph"]


def test_the_number_of_statements_does_not_grow_with_the_parents(shop, observe):
    """However many authors there are, two statements read them and all of their books."""
    answers = {parents: shop.ask(CHILDREN, n=parents) for parents in PARENTS}
    everything = shop.ask(SCREEN, authors=AUTHORS)

    observe("statements for three levels", everything.statements, "statements")
    assert {parents: len(of(answer.data["authors"])) for parents, answer in answers.items()} == {n: n for n in PARENTS}
    assert {answer.statements for answer in answers.values()} == {2}
    assert everything.statements == 3
    assert everything.body.count(b'"title"') == AUTHORS * BOOKS_EACH


def test_without_a_loader_each_parent_takes_a_statement_of_its_own(shop, draw):
    """Counterexample: if each resolver fetches for itself, N authors and their books take N + 1 statements, for the same answer."""
    alone = {parents: shop.ask(CHILDREN, path="/alone", n=parents) for parents in PARENTS}
    together = {parents: shop.ask(CHILDREN, n=parents) for parents in PARENTS}

    series = {"without a loader": alone, "with a loader": together}
    caption = "Each author's books are a statement of their own, unless a loader gathers them."
    points = {name: [(n, answer.statements) for n, answer in answers.items()] for name, answers in series.items()}
    draw("Statements issued", caption, points, "authors", "statements")
    assert {n: answer.statements for n, answer in alone.items()} == {n: n + 1 for n in PARENTS}
    assert {n: answer.data for n, answer in alone.items()} == {n: answer.data for n, answer in together.items()}


@pytest.mark.parametrize("engine", engines({"PostgreSQL": "postgres"}))
def test_what_the_server_counts_is_what_the_line_carries(shops, engine):
    """The statements that the server says it has sent are those that the database has answered, counted on the line between them."""
    shop, counted = shops(str(engine)), {}
    for path in POOLS:
        before = shop.wire.to_client.recorded.count(SELECTED)
        said = shop.ask(CHILDREN, path=path, n=FEW).statements
        counted[path] = said, shop.wire.to_client.recorded.count(SELECTED) - before

    assert counted == {"": (2, 2), "/alone": (1 + FEW, 1 + FEW)}


def test_each_gets_its_own_in_whatever_order_rows_come_back(shop):
    """Books that are asked for from the last to the first, with a gap, are fetched together, and each name gets its own book."""
    numbers = [90, 7, 51, 3, 120]
    asked = {f"b{number}": shop.id(number) for number in numbers} | {"gap": NO_BOOK}
    fields = " ".join(f'{name}: book(id: "{key}") {{ title author {{ name }} }}' for name, key in asked.items())
    answer = shop.ask(f"{{ {fields} }}")

    told = {f"b{n}": {"title": f"Book {n}", "author": {"name": f"Author {author_of(n)}"}} for n in numbers}
    assert answer.data == {**told, "gap": None}
    assert list(answer.data) == list(asked)
    assert answer.statements == 2


def test_a_loader_keeps_its_promises(chance, observe):
    """Each key is fetched once, in batches of bounded size, and whoever asks gets its value, as from the loader that others use."""
    from aiodataloader import DataLoader

    from sysdesign.apis.graphql import Loader

    asked, batches = chance.choices(range(KEYS), k=2 * KEYS), []
    value = lambda key: None if key % 7 == 0 else f"value {key}"

    async def fetch(keys):
        batches.append(keys)
        return {key: value(key) for key in chance.sample(keys, len(keys)) if value(key)}

    async def fetch_in_order(keys):
        return [value(key) for key in keys]

    async def loaded(loader):
        return await asyncio.gather(*(loader.load(key) for key in asked))

    async def both():
        return await loaded(Loader(fetch, MOST_KEYS)), await loaded(DataLoader(fetch_in_order))

    ours, theirs = asyncio.run(both())

    observe("statements for all keys", len(batches), "statements")
    assert ours == theirs == [value(key) for key in asked]
    assert sorted(key for batch in batches for key in batch) == sorted(set(asked))
    assert len(batches) == math.ceil(len(set(asked)) / MOST_KEYS)
    assert max(map(len, batches)) <= MOST_KEYS


def test_a_batch_that_fails_fails_those_who_asked_and_nobody_later():
    """If a statement fails, all who waited for it are told, and who asks again is served anew."""
    from sysdesign.apis.graphql import Loader

    calls = []

    async def fetch(keys):
        calls.append(keys)
        if len(calls) == 1:
            raise OSError("gone")
        return {key: key for key in keys}

    async def twice():
        loader = Loader(fetch)
        first = await asyncio.gather(loader.load(1), loader.load(2), return_exceptions=True)
        return first, await loader.load(2)

    first, second = asyncio.run(twice())

    assert [type(each) for each in first] == [OSError, OSError]
    assert (second, calls) == (2, [[1, 2], [2]])


def test_what_one_reader_has_noted_no_other_is_shown(shop, observe):
    """Two readers who ask for their notes about one book, at the same time and again and again, each see their own."""
    book = shop.id(CHANGED[0])
    clients = {name: shop.client(name) for name in ("ada", "bob")}
    for name, client in clients.items():
        assert client.ask(WRITE, book=book, text=f"by {name}").data["writeNote"]["book"]["note"] == f"by {name}"
    with ThreadPoolExecutor(2) as pool:
        repeated = lambda client: [client.ask(NOTE, book=book).data for _ in range(TURNS)]
        seen = dict(zip(clients, pool.map(repeated, clients.values()), strict=True))

    observe("answers at once", 2 * TURNS, "answers")
    assert seen == {name: [{"viewer": name, "book": {"note": f"by {name}"}}] * TURNS for name in clients}
    assert shop.ask(NOTE, book=book).data == {"viewer": None, "book": {"note": None}}
    assert shop.client("nobody").ask(NOTE, book=book).status == 401


def test_loaders_that_outlive_a_request_show_one_readers_notes_to_the_next(any_shop):
    """Counterexample: with the loaders of Ada's request still in use, Bob is shown what she has noted."""
    from sysdesign.apis.graphql import SCHEMA, Context, Database, Feed, Loaders, Request, Service

    book = any_shop.id(CHANGED[1])
    assert any_shop.ask(WRITE, "ada", book=book, text="my secret").status == 200
    with closing(Database(any_shop.database)) as database:
        fresh = lambda viewer: Context(database, Loaders(database, viewer), viewer, Feed())
        kept = fresh("ada")
        asked = Request(NOTE, None, {"book": book})

        async def seen(make_context):
            service = Service(SCHEMA, make_context)
            answers = [await service.execute(service.prepare(asked), reader) for reader in ("ada", "bob")]
            return [answer["data"]["book"]["note"] for answer in answers]

        assert asyncio.run(seen(lambda viewer: kept._replace(viewer=viewer))) == ["my secret", "my secret"]
        assert asyncio.run(seen(fresh)) == ["my secret", None]


def test_mutations_are_made_one_after_the_other(shop):
    """Each change is made before the next one begins, what is read behind it shows it, and one that fails takes nothing back."""
    book = shop.id(CHANGED[2])
    answer = shop.ask(SEVERAL, "ada", book=book)
    unknown = shop.ask(WRITE, book=book, text="who am I?")
    changes = answer.told["data"]

    assert [changes[name]["book"]["note"] for name in ("first", "second")] == ["one", "two"]
    assert [review["stars"] for review in of(changes["praise"]["review"]["book"]["reviews"])][REVIEWS_EACH:] == [5]
    assert (changes["blame"], answer.errors) == (None, [(["blame"], "BAD_INPUT")])
    assert (unknown.told["data"], unknown.errors) == ({"writeNote": None}, [(["writeNote"], "UNAUTHENTICATED")])
    assert shop.ask(NOTE, "ada", book=book).data["book"]["note"] == "two"


def test_a_list_is_walked_through_without_gap_or_repetition_while_it_changes(shop):
    """A cursor is a place in the list, so that what was read is not read again, and nothing is missed, when entries come and go."""
    number, client = CHANGED[3], shop.client()
    page = lambda after=None: client.ask(PAGE, book=shop.id(number), after=after).data["book"]["reviews"]
    first = page()
    shop.run(
        f"DELETE FROM reviews WHERE book_id = {number} AND reader = 'reader 0'",
        f"INSERT INTO reviews (book_id, reader, stars, text) VALUES ({number}, 'late', 3, 'and late')",
    )
    pages = [first, second := page(first["pageInfo"]["endCursor"]), page(second["pageInfo"]["endCursor"])]
    read = [review for each in pages for review in of(each)]
    again = [client.ask(NODE, id=each["id"]) for each in read]

    assert [len(of(each)) for each in pages] == [2, 2, 1]
    assert [each["pageInfo"]["hasNextPage"] for each in pages] == [True, True, False]
    assert [each["stars"] for each in read] == [1 + (number + turn) % 5 for turn in range(REVIEWS_EACH)] + [3]
    assert [answer.data["node"] for answer in again] == [None, *read[1:]]


def test_an_id_or_a_cursor_that_is_none_is_told_without_asking_the_database(any_shop):
    """Whoever makes up an id, or gives one of another kind, is told so, and nothing is looked up."""
    made_up = ["", "1", "no id", "\u0661", any_shop.id(1)[:-2], "Qm9vazox" * 50, "Qm9vazrCsg=="]
    of_another_kind = of(any_shop.ask("{ authors(first: 1) { edges { node { id } } } }").data["authors"])[0]["id"]
    ids = [any_shop.ask("query($id: ID!) { book(id: $id) { title } }", id=each) for each in [*made_up, of_another_kind]]
    behind = "query($after: String) { books(first: 1, after: $after) { edges { cursor } } }"
    cursors = [any_shop.ask(behind, after=each) for each in made_up[1:]]

    assert {str(answer.errors) for answer in cursors} == {"[(['books'], 'BAD_ID')]"}
    assert [answer.errors for answer in ids] == [[(["book"], "BAD_ID")]] * len(ids)
    assert {answer.statements for answer in [*ids, *cursors]} == {0}


def test_a_field_that_fails_leaves_its_siblings_answering(shop):
    """When the table of notes is missing, each note is null and told with its place, and all else is answered."""
    with shop.without("notes"):
        answer = shop.ask(SHELF, "ada", n=3)
    nodes = [{"title": f"Book {number}", "note": None} for number in (1, 2, 3)]

    assert answer.status == 200
    assert answer.told["data"] == {"viewer": "ada", "books": {"edges": [{"node": node} for node in nodes]}}
    assert answer.errors == [(["books", "edges", place, "node", "note"], "INTERNAL") for place in range(3)]
    assert not [word for word in (b"notes", b"SELECT", b"sqlite", b"psycopg") if word in answer.body]
    assert of(shop.ask(SHELF, "ada", n=3).data["books"]) == nodes


def test_what_must_not_be_null_takes_its_parent_along(shop):
    """Reviews are promised not to be null, so a book whose reviews cannot be read is null itself; the other book is not concerned."""
    fields = "without: book(id: $a) { title reviews(first: 1) { edges { cursor } } } other: book(id: $b) { title }"
    with shop.without("reviews"):
        answer = shop.ask(f"query($a: ID!, $b: ID!) {{ {fields} }}", a=shop.id(1), b=shop.id(2))
        all_lost = shop.ask(SCREEN, authors=1)

    assert answer.told["data"] == {"without": None, "other": {"title": "Book 2"}}
    assert answer.errors == [(["without", "reviews"], "INTERNAL")]
    assert of(of(all_lost.told["data"]["authors"])[0]["books"]) == [None] * BOOKS_EACH


@pytest.mark.parametrize("engine", engines({"PostgreSQL": "postgres"}))
def test_while_the_database_is_gone_errors_tell_nothing_of_it(shops, engine, eventually, thoroughness):
    """With the line to the database cut, the graph says that it cannot answer, and not why; with the line healed, it answers again."""
    shop = shops(str(engine))
    before = shop.ask(SCREEN, authors=1)
    for _ in range(thoroughness):
        shop.wire.cut()
        gone, known = shop.ask(SCREEN, authors=1), shop.ask("{ viewer __typename }")
        shop.wire.heal()

        assert (gone.status, gone.told["data"], gone.errors) == (200, None, [(["authors"], "INTERNAL")])
        assert not [word for word in (b"psycopg", b"connection", b"SELECT", b"127.0.0.1") if word in gone.body]
        assert known.data == {"viewer": None, "__typename": "Query"}
        for path in POOLS:  # each has lost its connections, and notices when it needs one
            eventually(lambda path=path: shop.ask(SCREEN, path=path, authors=1).body == before.body)


def test_a_query_that_asks_for_too_much_is_refused_before_any_work(shop, observe):
    """Deep, circular, repeated, costly, long: each is refused with a reason, and the database hears nothing of it."""
    assert {name: shop.ask(query).status for name, query in AT_THE_LIMIT.items()} == dict.fromkeys(AT_THE_LIMIT, 200)
    passed = shop.wire and shop.wire.to_server.passed
    answers = {name: shop.ask(query) for name, query in OVER_THE_LIMIT.items()}
    said = {n: shop.ask("query($n: Int!) { books(first: $n) { edges { cursor } } }", n=n) for n in (-1, 101, 1e6)}

    observe("queries that ask for too much", len(answers), "queries")
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(answers, 400)
    assert {name: answer.statements for name, answer in answers.items()} == dict.fromkeys(answers, 0)
    assert [(answer.status, answer.statements) for answer in said.values()] == [(400, 0)] * len(said)
    assert not [name for name, answer in answers.items() if "data" in answer.told or not answer.told["errors"]]
    assert passed == (shop.wire and shop.wire.to_server.passed)


def test_without_limits_a_short_query_makes_a_huge_answer(any_shop, observe):
    """Counterexample: a few steps from books to authors and back make hundreds of bytes of answer for each byte of the query."""
    round_trip = "books(first: 9) { edges { node { author { %s } } } }"
    inner = round_trip % (round_trip % (round_trip % "name biography"))
    query = f"{{ authors(first: 50) {{ edges {{ node {{ {inner} }} }} }} }}"
    endless, limited = any_shop.ask(query, path="/endless"), any_shop.ask(query)

    observe("a query, and its answer", f"{len(query)}, {len(endless.body)}", "bytes")
    assert (endless.status, limited.status) == (200, 400)
    assert len(endless.body) >= BLOW_UP * len(query)


def test_the_schema_can_be_kept_to_oneself(any_shop):
    """The graph tells clients its whole schema, or, if that is switched off, nothing of it: not even what a misspelt name is like."""
    from graphql import get_introspection_query

    schema = any_shop.ask(get_introspection_query()).data["__schema"]
    told = any_shop.ask('{ __type(name: "Book") { fields { name } } }').data["__type"]["fields"]
    refused = [any_shop.ask(query, path="/closed") for query in INTROSPECTION]
    misspelt = {path: any_shop.ask("{ viewr }", path=path).told["errors"][0]["message"] for path in ("", "/closed")}

    assert {schema[f"{kind.lower()}Type"]["name"]: kind for kind in KINDS} == {kind: kind for kind in KINDS}
    assert {"id", "title", "author", "reviews"} <= {field["name"] for field in told}
    assert [answer.status for answer in refused] == [400, 400]
    assert any_shop.ask("{ __typename viewer }", path="/closed").data == {"__typename": "Query", "viewer": None}
    assert {path: "Did you mean" in message for path, message in misspelt.items()} == {"": True, "/closed": False}


def test_it_keeps_to_what_graphs_over_http_must(any_shop, observe):
    """Media types, encodings and statuses are those of the specification, for what is well-formed and for what is not."""
    client, seen = any_shop.client(), {}
    for name, (kind, accept, sent, *_) in MUSTS.items():
        text = sent if isinstance(sent, bytes) else json.dumps(sent, ensure_ascii=False).encode()
        answer = client.send("POST", body=text, headers={"Content-Type": kind, "Accept": accept})
        media = answer.headers["content-type"].removesuffix("; charset=utf-8")
        seen[name] = answer.status, media, "data" in answer.told
    echoed = client.send("POST", body=json.dumps(ECHO, ensure_ascii=False).encode(), headers={"Content-Type": JSON})
    untyped = client.send("POST", body=b"{}")

    observe("requests", len(seen), "requests")
    assert seen == {name: tuple(expected) for name, (_, _, _, *expected) in MUSTS.items()}
    assert ECHO["variables"]["n"] in echoed.body.decode()
    assert untyped.status == 415


def test_a_mutation_by_get_is_refused_and_nothing_is_changed(shop):
    """A query may come in a link, with its variables; a mutation in a link is refused with 405, and changes nothing."""
    book, client = shop.id(CHANGED[4]), shop.client("ada")
    variables = json.dumps({"book": book, "text": "by a link"})
    asked = client.get(query=NOTE, variables=json.dumps({"book": book}))
    hidden = f"query Harmless {{ viewer }} {WRITE.replace('mutation', 'mutation Harm')}"
    refused = [client.get(query=WRITE, variables=variables)]
    refused.append(client.get(query=hidden, operationName="Harm", variables=variables))

    assert asked.data == {"viewer": "ada", "book": {"note": None}}
    assert [(answer.status, answer.headers.get("allow"), answer.statements) for answer in refused] == [
        (405, "POST", 0)
    ] * 2
    assert client.ask(NOTE, book=book).data["book"]["note"] is None
    assert client.get(query="{ viewer }", variables="{").status == 400


def test_who_has_subscribed_is_told_what_happens_as_it_is_then(shop):
    """A subscriber gets each new review of a book, and no other, with all that was asked for as it is at that moment."""
    book, other = shop.id(CHANGED[5]), shop.id(CHANGED[6])
    with shop.follower() as follower:
        follower.begin("ada")
        follower.subscribe("mine", FOLLOW, book=book)
        told = []
        for stars, note in ((2, "before"), (3, "after")):
            shop.ask(WRITE, "ada", book=book, text=note)
            added = [shop.ask(REVIEW, "bob", book=each, stars=stars).status for each in (other, book)]
            told.append(follower.receive())
        follower.send("complete", id="mine")
        follower.heard()
        shop.ask(REVIEW, "bob", book=book, stars=1)
        follower.send("subscribe", id="once", payload={"query": "{ viewer }"})
        once = [follower.receive() for _ in range(2)]

    assert added == [200, 200]
    assert [(each["type"], each["id"]) for each in told] == [("next", "mine")] * 2
    news = [each["payload"]["data"]["reviewAdded"] for each in told]
    assert [(each["stars"], each["book"]["note"]) for each in news] == [(2, "before"), (3, "after")]
    assert {each["book"]["title"] for each in news} == {f"Book {CHANGED[5]}"}
    assert once == [
        {"type": "next", "id": "once", "payload": {"data": {"viewer": "ada"}}},
        {"type": "complete", "id": "once"},
    ]


def test_a_subscriber_that_breaks_the_protocol_is_hung_up_on(any_shop):
    """Each way not to keep to the protocol ends the connection with its own code; a wrong query ends itself alone."""
    codes = {}
    for name, (messages, _) in CLOSED.items():
        with any_shop.follower() as follower:
            for message in messages:
                follower.connection.send(message if isinstance(message, str) else json.dumps(message))
            codes[name] = follower.closed_with()
    with any_shop.follower(path="/hasty") as silent, any_shop.follower(protocol="graphql-ws-of-old") as old:
        codes |= {"silent": silent.closed_with(), "another protocol": old.closed_with()}
    with any_shop.follower() as follower:
        follower.begin()
        for query in ("subscription { nothing }", "{", OVER_THE_LIMIT["deep"], WRONG_ID):
            follower.send("subscribe", id="wrong", payload={"query": query})
        wrong = [follower.receive() for _ in range(4)]
        follower.heard()

    assert codes == {**{name: code for name, (_, code) in CLOSED.items()}, "silent": 4408, "another protocol": 4406}
    assert [(each["type"], each["id"]) for each in wrong] == [("error", "wrong")] * 4


def test_a_subscriber_that_is_cut_off_takes_nobody_along(any_shop, link, thoroughness):
    """When the line to one subscriber is cut, the others go on being told, and so is the one that comes back."""
    book = any_shop.id(CHANGED[7])
    for _ in range(thoroughness):
        wire = link((any_shop.program.host, any_shop.program.port))
        with any_shop.follower() as steady, any_shop.follower(wire) as unlucky:
            for each in (steady, unlucky):
                each.begin()
                each.subscribe("a", FOLLOW, book=book)
            wire.cut()
            lost = unlucky.closed_with()
            any_shop.ask(REVIEW, "bob", book=book, stars=4)
            told = steady.receive()["payload"]["data"]["reviewAdded"]["stars"]
            wire.heal()
            with any_shop.follower(wire) as back:
                back.begin()
                back.subscribe("a", FOLLOW, book=book)
                any_shop.ask(REVIEW, "bob", book=book, stars=5)
                again = [each.receive()["payload"]["data"]["reviewAdded"]["stars"] for each in (steady, back)]

        assert (lost, told, again) == (1006, 4, [5, 5])


def test_who_does_not_keep_up_is_let_go(observe):
    """For a follower who takes nothing, events wait up to a limit; then it is told that it missed some, and memory is not filled."""
    from graphql import GraphQLError

    from sysdesign.apis.graphql import MOST_WAITING, Feed

    async def follow():
        feed, read = Feed(), []
        follower = feed.follow(lambda event: event >= 0)
        for event in range(-1, MOST_WAITING + 5):
            feed.tell(event)
        try:
            async for event in follower:
                read.append(event)  # noqa: PERF401 - what was read counts, however it ends
        except GraphQLError as error:
            return read, error.extensions["code"]

    read, ending = asyncio.run(asyncio.wait_for(follow(), 5))

    observe("events that waited", len(read), "events")
    assert (read, ending) == (list(range(MOST_WAITING)), "TOO_SLOW")


def test_measuring_a_query_costs_little_beside_validating_it(ratio):
    """To find out what a query asks for costs a fraction of what it costs to read it and to hold it to the schema."""
    from graphql import parse, validate

    from sysdesign.apis.graphql import SCHEMA, Limits, check

    document = parse(SCREEN)
    measured = ratio(
        "measuring a query ÷ reading and validating it",
        lambda: check(document, {"authors": AUTHORS}, Limits()),
        lambda: validate(SCHEMA, parse(SCREEN)),
        clock=time.thread_time,
        slice_seconds=0.005,
    )

    assert measured.high <= LIMITS_PER_VALIDATION


@pytest.mark.parametrize("loader", ["ours", "aiodataloader"])
@pytest.mark.benchmark(group="a thousand keys loaded")
def test_the_cost_of_loading(loader, benchmark):
    """What it costs to gather a thousand keys and to hand out their values, without any statement."""
    assert benchmark(loading(loader)) == list(range(1_000))


@pytest.mark.parametrize("path", ["", "/alone"], ids=["with a loader", "without"])
@pytest.mark.benchmark(group="twenty authors and their books, over HTTP")
def test_the_cost_of_a_nested_read(shop, path, benchmark):
    """What a nested read takes from the request to the answer, with and without a loader."""
    client = shop.client(path=path)
    answer = benchmark(lambda: client.ask(CHILDREN, n=FEW))

    assert len(of(answer.data["authors"])) == FEW

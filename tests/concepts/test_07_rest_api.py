"""REST API · resources, rights, versions and pages

Problem        Many programs, of people who may not see each other's things, read and change one store at the same time, from
               everywhere, without knowing each other or how it is built.
Idea           Everything has an address, and a handful of methods to read, create, change and remove it. A token says who asks, a
               table says what they may, a version says what a change was made from, and a page ends with the link to the next.
Guarantees     A caller reaches what the table allows, and cannot tell what is hidden from what is not there. A change made from an
               old version is refused, so no update is lost. Who follows the links sees each row that stays exactly once,
               whatever comes and goes meanwhile, and the last page costs what the first does.
Trade-off      A request reads its session first, for which a revoked token ends at once. A writer who is refused has to read
               again. There is no jump to page 1,000, and each order in which pages can be had is an index that every write keeps.
Not shown      How HTTP itself is used with care (HEAD, OPTIONS, 304, limits of a request: the concept before); rate limits against
               who guesses passwords; rotation of the keys that sign; forgotten passwords; a creation or a refresh
               whose answer is lost (the first may be made twice, the second ends the session).
Sources        RFC 9110 §13 (conditional requests); RFC 7396 (merge patch); RFC 8288 (Link); RFC 7519, RFC 8725 (JSON Web Tokens);
               RFC 9106 (argon2); RFC 9700 §4.14 (refresh tokens); RFC 7009 (revocation); RFC 9457; OpenAPI 3.1
Implementation src/sysdesign/apis/rest_api
Engines        SQLite · PostgreSQL
"""

import functools
import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fixtures.bookmark_services import BookmarkServices
from fixtures.bookmarks import DRAFT, MAY, MERGED, NOBODYS, PASSWORD, SQL, contend, expected, forgeries
from fixtures.engines import engines
from fixtures.long_lists import position, rows_read
from fixtures.meanwhile import users_of
from fixtures.ratios import cpu_clock, one_core

ENGINES = {"SQLite": None, "PostgreSQL": "postgres"}
STRICTER = "PostgreSQL"  # takes fewer texts and numbers than SQLite
INCREMENTS = 100  # by two clients; ten times as many in the thorough profile
CARELESS = 20  # increments without a condition
CASES = 100  # of schemathesis, at least; ten times as many in the thorough profile
WRITERS = 8
PAGE = 6  # rows
PAGES = 45_000
MAX_PAGE = 100  # rows
KEYSET_RATIO, OFFSET_RATIO = 3.0, 50.0  # of time and of work: page 45,000 ÷ page 1
UNKNOWN_PER_KNOWN = 0.5  # time to refuse somebody unknown ÷ somebody who has forgotten the password: not less
LONGER = {"time_cost": 1, "memory_cost": 1_024, "parallelism": 1}  # a hash that costs about a millisecond


@pytest.fixture(scope="module")
def services(servers, tmp_path_factory):
    """The API on each engine, started when it is first needed."""
    with BookmarkServices(servers, tmp_path_factory.mktemp("bookmarks")) as started:
        yield started


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request, services, thoroughness, seed):
    """Begins what takes seconds, if somebody will ask for it: each API, a run of schemathesis, and lists that are long."""
    for engine in sorted({str(item.callspec.params["engine"]) for item in users_of(request, "people")}):
        services.begin(engine)
    if users_of(request, "cases"):
        services.begin_cases(STRICTER, cases=CASES * thoroughness, seed=seed)
    for engine in sorted({item.callspec.params["engine"] for item in users_of(request, "long_list")}):
        services.begin_long_list(engine, PAGE * PAGES)


@pytest.fixture
def cases(services):
    """What came of the run of schemathesis."""
    return services.cases()


@pytest.fixture(params=engines(ENGINES), scope="module")
def engine(request):
    """The engine's name."""
    return request.param


@pytest.fixture
def people(services, engine):
    """Those who use the API on one of the engines."""
    return services.people(engine)


@pytest.fixture
def database(services, engine):
    """The database of the API on one of the engines."""
    return services.database(engine)


def test_a_bookmark_is_created_read_replaced_changed_and_removed(people):
    """A bookmark has an address from its creation on, shows each change under it, and leaves nothing there when it is removed."""
    ada, path = people.new(), ""
    created = ada.ask("POST", "/bookmarks", DRAFT)
    path, first = created.headers["location"], created.headers["etag"]
    read = ada.ask("GET", path)
    replaced = ada.ask("PUT", path, {"title": "new", "address": "https://example.org/"}, If_Match=first)
    changed = ada.ask("PATCH", path, {"labels": {"topic": "tea"}, "visits": 1}, If_Match=replaced.headers["etag"])
    removed = ada.ask("DELETE", path, If_Match=changed.headers["etag"])
    after = [ada.ask(method, path, DRAFT, If_Match="*").status for method in ("GET", "PUT", "PATCH", "DELETE")]

    replies = [created, read, replaced, changed, removed]
    assert [reply.status for reply in replies] == [201, 200, 200, 200, 204]
    assert read.told == created.told == {**created.told, **DRAFT, "owner": ada.name}
    assert replaced.told == {**read.told, "title": "new", "address": "https://example.org/", **EMPTY}
    assert changed.told == {**replaced.told, "labels": {"topic": "tea"}, "visits": 1}
    assert len({reply.headers.get("etag") for reply in (created, replaced, changed)}) == 3
    assert after == [404] * 4


EMPTY = {"note": None, "labels": {}, "visits": 0}


def test_a_patch_changes_what_it_names_and_null_takes_away(people, observe):
    """A patch leaves alone what it does not name, and takes away what it calls null, at every depth."""
    from sysdesign.apis.rest_api import merged

    ada = people.new()
    path = ada.add()
    changed = ada.ask("PATCH", path, {"note": None, "labels": {"mood": None, "place": "home"}}, If_Match="*")
    refused = ada.ask("PATCH", path, {"title": None}, If_Match="*")

    observe("cases of RFC 7396", len(MERGED), "cases")
    assert changed.told == {**changed.told, **DRAFT, "note": None, "labels": {"topic": "tea", "place": "home"}}
    assert refused.status == 422
    assert [merged(document, patch) for document, patch, _ in MERGED] == [result for _, _, result in MERGED]


def test_a_password_is_kept_as_a_slow_salted_hash(people, database):
    """The database holds no password, and nothing by which two people with the same one would be found."""
    from sysdesign.apis.rest_api import BOOKMARKS

    ada, ben, users = people.new(), people.new(), BOOKMARKS.metadata.tables["users"]
    kept = {row.name: row.password_hash for row in database.rows(users.select())}
    hashes = {kept[ada.name], kept[ben.name]}
    tokens = [person.tokens["refresh_token"].partition(".")[2] for person in (ada, ben)]
    stored = str([database.rows(table.select()) for table in BOOKMARKS.metadata.sorted_tables])
    wrong = [
        people.nobody.ask("POST", "/tokens", {"name": name, "password": PASSWORD[::-1]})
        for name in (ada.name, NOBODYS["name"])
    ]

    assert all(each.startswith("$argon2id$") for each in hashes)
    assert len(hashes) == 2
    assert not [secret for secret in (PASSWORD, *tokens) if secret in stored]
    assert [reply.status for reply in wrong] == [401, 401]
    assert wrong[0].body == wrong[1].body


def test_to_ask_for_names_is_no_quicker_than_to_guess_passwords(ratio):
    """It takes as long to refuse somebody unknown as to refuse a wrong password, so that nobody finds out who is there."""
    from sysdesign.apis.rest_api import Passwords

    passwords = Passwords(LONGER)
    kept = passwords.hash(PASSWORD)
    wrong, unknown = (functools.partial(passwords.match, of, "guess") for of in (kept, None))
    turns = {"pairs": 9, "slice_seconds": 0.01, "clock": time.thread_time}
    cost = ratio("unknown ÷ wrong password", unknown, wrong, **turns)

    assert not passwords.match(None, "guess")
    assert passwords.match(kept, PASSWORD)
    assert cost.low >= UNKNOWN_PER_KNOWN


def test_only_a_token_that_was_signed_for_us_and_lately_is_believed(people, observe):
    """A token whose algorithm, key, end, audience, session or content is not ours opens nothing."""
    ada = people.new()
    right = ada.tokens["access_token"]
    forged = {
        name: ada.ask("GET", "/bookmarks", Authorization=f"Bearer {token}") for name, token in forgeries(right).items()
    }
    otherwise = [ada.ask("GET", "/bookmarks", Authorization=value) for value in ("Basic " + right, "Bearer", right)]

    observe("forged tokens", len(forged), "tokens")
    assert {name: reply.status for name, reply in forged.items()} == dict.fromkeys(forged, 401)
    assert {reply.headers["www-authenticate"].partition(" ")[0] for reply in forged.values()} == {"Bearer"}
    assert [reply.status for reply in otherwise] == [401] * 3
    assert ada.ask("GET", "/bookmarks", Authorization=f"Bearer {right}").status == 200


def test_a_refresh_token_serves_once(people):
    """A refresh token gives new tokens once; when it comes again, two have it, and both are out."""
    ada = people.new()
    first = {"refresh_token": ada.tokens["refresh_token"]}
    ada.tokens = ada.ask("POST", "/tokens/refresh", first).told
    refreshed = ada.ask("GET", "/bookmarks").status
    again = ada.ask("POST", "/tokens/refresh", first).status
    second = ada.ask("POST", "/tokens/refresh", {"refresh_token": ada.tokens["refresh_token"]}).status

    assert (refreshed, again, second) == (200, 401, 401)
    assert ada.ask("GET", "/bookmarks").status == 401


def test_one_of_many_who_refresh_at_once_gets_tokens(people, thoroughness):
    """However many send one refresh token at the same time, at most one of them goes on with it."""
    won = []
    for _ in range(thoroughness):
        ada = people.new()
        token = {"refresh_token": ada.tokens["refresh_token"]}
        others = [people.same(ada) for _ in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            statuses = list(pool.map(lambda one, token=token: one.ask("POST", "/tokens/refresh", token).status, others))
        won.append(statuses.count(200))

    assert won == [1] * thoroughness


def test_a_revoked_session_and_a_lost_role_end_at_once(people):
    """With the next request after it is taken away, a token opens nothing and a role allows nothing."""
    ada, ben = people.new(), people.new("support")
    before = ada.ask("GET", "/bookmarks").status, ben.ask("GET", f"/bookmarks?owner={ada.name}").status
    revoked = ada.ask("POST", "/tokens/revoke", {"refresh_token": ada.tokens["refresh_token"]}).status
    people.admin.ask("PUT", f"/users/{ben.name}/role", {"role": "member"})

    assert (before, revoked) == ((200, 200), 204)
    assert ada.ask("GET", "/bookmarks").status == 401
    assert ada.ask("POST", "/tokens/refresh", {"refresh_token": ada.tokens["refresh_token"]}).status == 401
    assert ben.ask("GET", f"/bookmarks?owner={ada.name}").status == 403


def test_each_operation_is_open_to_exactly_those_who_may(people, services, engine, observe):
    """Each operation of the document, tried by each role on things of each owner, answers as the table of rights says."""
    document = people.nobody.ask("GET", "/openapi.json").told["paths"]
    answers = services.answers(engine)
    refused = [path for status, path in answers.values() if path.startswith("/bookmarks/") and status in {401, 403}]
    untouched = {people.admin.ask("GET", path).headers["etag"] for path in refused if path != NOBODYS["path"]}

    observe("operations × roles × owners", len(answers), "cases")
    assert {f"{method.upper()} {path}" for path, methods in document.items() for method in methods} == set(MAY)
    assert {case: status for case, (status, _) in answers.items()} == expected()
    assert untouched == {'"1"'}


def test_what_is_hidden_looks_like_what_is_not_there(people):
    """Who asks for another's bookmark is told, to the letter, what they would be told if there were none."""
    ada, ben = people.new(), people.new()
    paths, nobodys = [ada.add() for _ in range(10)], NOBODYS["path"]
    said = {
        (path, method): ben.ask(method, path, DRAFT, If_Match='"1"')
        for path in (paths[0], nobodys)
        for method in ("GET", "PUT", "PATCH", "DELETE")
    }
    told = [{(method, *reply) for (of, method), reply in told_of(said) if of == path} for path in (paths[0], nobodys)]

    assert told[0] == told[1]
    assert len({path[-32:-26] for path in paths}) == len(paths)
    assert not ben.ask("GET", "/bookmarks").told["items"]


def told_of(said):
    """Return of each answer what does not depend on the time of day."""
    for key, reply in said.items():
        kept = {name: value for name, value in reply.headers.items() if name != "date"}
        yield key, (reply.status, json.dumps(kept), reply.body)


@pytest.mark.parametrize("sort", ["-created", "title", "-visits"])
def test_who_follows_the_links_sees_each_row_once(people, sort):
    """While others insert and delete between two pages, the links lead to every row that stays, in order and exactly once."""
    ada = people.new()
    stay = [ada.add(title=f"t{number % 3}", visits=number % 4).rpartition("/")[2] for number in range(9)]
    leave = [ada.add(title="t1", visits=1) for _ in range(2)]
    seen = []
    for page in ada.pages(f"limit=3&sort={sort}"):
        seen += page
        ada.add(title="a", visits=0)
        ada.add(title="z", visits=9)
        if leave:
            ada.ask("DELETE", leave.pop(), If_Match="*")
        if len(seen) > MAX_PAGE:
            break  # a list that is added to at its end goes on

    name = sort.removeprefix("-")
    keys, identities = [(row[name], row["id"]) for row in seen], [row["id"] for row in seen]
    assert sorted(identity for identity in identities if identity in stay) == sorted(stay)
    assert len(set(identities)) == len(identities)
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_pages_by_number_repeat_and_skip(people, database):
    """Counterexample: where a page is the rows behind so many others, an insertion repeats one of them and a deletion hides one."""
    from sysdesign.apis.rest_api import Bookmarks, Listing

    ada, bookmarks = people.new(), Bookmarks(database)
    paths, newest = [ada.add() for _ in range(6)], Listing(ada.name, "-created")

    first = bookmarks.numbered_page(newest, 1, 2)
    ada.add()
    second = bookmarks.numbered_page(newest, 2, 2)
    ada.ask("DELETE", paths[-1], If_Match="*")
    ada.ask("DELETE", paths[-2], If_Match="*")
    third = bookmarks.numbered_page(newest, 3, 2)
    seen = [f"/bookmarks/{row.id}" for row in (*first, *second, *third)]

    assert seen == [paths[5], paths[4], paths[4], paths[3], paths[0]]
    assert not set(paths[1:3]) & set(seen)


def test_a_cursor_cannot_be_made_up(people, observe):
    """A cursor that was altered, or given out for another list, leads nowhere."""
    ada, ben = people.new(), people.new("support")
    for number in range(3):
        ada.add(title=f"t{number}")
    link = ada.ask("GET", "/bookmarks?limit=1").link
    head, _, cursor = link.rpartition("=")
    altered = [
        f"{head}={cursor[:at]}{'A' if cursor[at] != 'A' else 'B'}{cursor[at + 1 :]}"
        for at in range(0, len(cursor) - 1, 3)
    ]
    elsewhere = [link.replace("sort=created", "sort=title"), f"{link}&title=t1", f"{head}=e30.e30", f"{head}=x"]

    observe("altered cursors", len(altered), "cursors")
    assert {ada.ask("GET", path).status for path in (*altered, *elsewhere)} == {404}
    assert ben.ask("GET", link).status == 404
    assert ben.ask("GET", f"{link}&owner={ada.name}").told == ada.ask("GET", link).told


def test_a_list_is_filtered_and_sorted_by_what_is_allowed(people):
    """A list takes the filters, orders and sizes that are documented, and refuses every other instead of ignoring it."""
    ada = people.new()
    for number in range(4):
        ada.add(title=f"t{number % 2}", visits=number)
    found = ada.ask("GET", "/bookmarks?title=t1&sort=-visits").told["items"]
    queries = ["limit=0", f"limit={MAX_PAGE + 1}", "limit=x", "sort=owner", "sort=visits;", "colour=red", "title=%00"]

    assert [row["visits"] for row in found] == [3, 1]
    assert [ada.ask("GET", f"/bookmarks?{query}").status for query in queries] == [422] * len(queries)
    assert ada.ask("GET", f"/bookmarks?limit={MAX_PAGE}").status == 200


def test_sql_is_data_in_every_field(people, observe):
    """A text that would be a statement in a database is kept, found and returned as the text that it is, or refused."""
    from urllib.parse import quote

    ada, kept, asked = people.new(), [], []
    for text in SQL:
        draft = {**DRAFT, "title": text, "note": text, "labels": {text: text}}
        kept.append((ada.ask("GET", ada.add(**draft)).told, draft))
        found = ada.ask("GET", f"/bookmarks?title={quote(text)}").told.get("items", [])
        asked += [len(found) - 1, people.nobody.ask("POST", "/tokens", {"name": text, "password": text * 12}).status]
        asked += [ada.ask("GET", f"/bookmarks?{name}={quote(text)}").status for name in ("owner", "sort", "cursor")]
        asked += [
            ada.ask("GET", f"/bookmarks/{quote(text, safe='')}").status,
            ada.ask("GET", f"/users/{quote(text, safe='')}").status,
        ]
        asked.append(ada.ask("PUT", f"/bookmarks/{kept[-1][0]['id']}", DRAFT, If_Match=f'"{text}"').status)

    observe("fields × texts", len(asked) + 3 * len(SQL), "cases")
    assert [told for told, _ in kept] == [{**told, **draft} for told, draft in kept]
    assert set(asked) == {0, 404, 412, 422}
    assert ada.sign_in().tokens["access_token"]


def test_of_all_who_change_one_version_exactly_one_wins(people, thoroughness):
    """When many change or remove the same version at the same time, one does, and each of the others is told to read again."""
    outcomes = set()
    for turn in range(3 * thoroughness):
        ada = people.new()
        path, method = ada.add(), ("PUT", "PATCH", "DELETE")[turn % 3]
        writers = [people.same(ada) for _ in range(WRITERS)]
        with ThreadPoolExecutor(WRITERS) as pool:
            ask = functools.partial(_write, method, path)
            statuses = sorted(pool.map(ask, writers, range(WRITERS)))
        outcomes.add((method, statuses[0], *set(statuses[1:])))

    assert outcomes == {("PUT", 200, 412), ("PATCH", 200, 412), ("DELETE", 204, 404)}


def _write(method, path, writer, number):
    return writer.ask(method, path, {**DRAFT, "visits": number}, If_Match='"1"').status


def test_no_update_is_lost(people, thoroughness, observe):
    """Two who count one number up at the same time, each from the version that they have read, lose not one of their steps."""
    ada, increments = people.new(), INCREMENTS * thoroughness
    path = ada.add(visits=0)
    refused = contend([ada, people.same(ada)], path, increments // 2, careful=True)
    counted = ada.ask("GET", path).told["visits"]

    observe("increments", increments, "increments")
    observe("writes that were refused and made again", refused, "writes")
    observe("lost updates", increments - counted, "updates")
    assert refused >= increments // 2
    assert counted == increments


def test_who_overwrites_any_version_loses_half(people, observe):
    """Counterexample: when both overwrite whatever is there, the one who is later wipes out the step of the other."""
    ada = people.new()
    path = ada.add(visits=0)
    contend([ada, people.same(ada)], path, CARELESS // 2, careful=False)
    counted = ada.ask("GET", path).told["visits"]

    observe("lost updates", CARELESS - counted, "updates")
    assert counted == CARELESS // 2
    assert ada.ask("PUT", path, DRAFT).status == 428


def test_a_database_that_does_not_answer_is_told_as_such(services, engine, thoroughness):
    """While the database is out of reach or locked, clients are told to come again; nothing of it shows, and then all goes on."""
    people, out_of_reach = services.breakable(engine, patience_seconds=0.1)
    ada, without, after = people.new(), [], []
    for _ in range(thoroughness):
        with out_of_reach:
            without += [ada.ask("POST", "/bookmarks", DRAFT) for _ in range(2)]
        after.append(ada.ask("POST", "/bookmarks", DRAFT).status)

    assert {(reply.status, reply.headers.get("retry-after")) for reply in without} == {(503, "1")}
    assert {reply.headers["content-type"] for reply in without} == {"application/problem+json"}
    assert not [word for word in ("Traceback", "sql", "psycopg", "locked") if word in str(without)]
    assert after == [201] * thoroughness
    assert len(ada.ask("GET", "/bookmarks").told["items"]) == thoroughness


@pytest.mark.parametrize("engine", engines({STRICTER: ENGINES[STRICTER]}))
def test_the_api_does_what_its_document_says(cases, engine, thoroughness, observe):
    """Whatever the document allows is accepted, whatever it forbids is refused, and every answer is as described."""
    observe("cases tried", cases.tried, "cases")
    observe("answers", ", ".join(f"{status} × {count}" for status, count in sorted(cases.statuses.items())))
    assert cases.failures == ()
    assert cases.tried >= CASES * thoroughness
    assert cases.statuses[200] + cases.statuses[201] >= cases.tried // 50


def test_no_answer_is_against_the_rules_of_http(services, thoroughness, observe):
    """Nothing that was answered to anybody, granted or refused, gives a checker of HTTP messages anything to say."""
    from fixtures.message_notes import message_notes

    nobody = services.people("SQLite").nobody
    services.answers("SQLite")
    nobody.ask("DELETE", "/users")
    nobody.ask("GET", "/nowhere")
    exchanges = services.exchanges
    kinds = {(one.method, one.status, *sorted(name for name, _ in one.headers)): one for one in exchanges}

    observe("answers", len(exchanges), "answers")
    observe("kinds of answers", len(kinds), "kinds")
    assert message_notes(kinds.values() if thoroughness == 1 else exchanges) == []


@pytest.fixture
def long_list(services, engine):
    """A list of 270,000 bookmarks on one of the engines."""
    return services.long_list(engine)


@pytest.fixture
def turns(services, servers, engine):
    """How costs are measured: SQLite computes in this thread; PostgreSQL beside it on one core, when nobody else asks any more."""
    turns = {"pairs": 9, "slice_seconds": 0.01}
    if engine == "SQLite":
        yield {"clock": time.thread_time, **turns}
        return
    services.cases()
    with one_core(servers.shared(ENGINES[engine])):
        yield {"clock": cpu_clock(servers.shared(ENGINES[engine])), **turns}


def test_the_last_page_costs_what_the_first_does(long_list, engine, turns, ratio, observe, draw):
    """A page behind 270,000 rows is had by a cursor at the price of the first; by its number, the database walks over all of them."""
    numbers = (1, 10, 100, 1_000, 10_000, PAGES)
    listing = list_of_reader()
    keyset = {number: listing.behind(position((number - 1) * PAGE), PAGE) for number in numbers}
    offset = {number: listing.numbered(number, PAGE) for number in numbers}
    work = {
        name: [(number, rows_read(long_list, query)) for number, query in queries.items()]
        for name, queries in (("keyset", keyset), ("offset", offset))
    }
    deep = {
        name: ratio(f"{name}: page 45,000 ÷ page 1", *runs(long_list, queries), **turns)
        for name, queries in (("keyset", keyset), ("offset", offset))
    }

    for name, points in work.items():
        observe(f"{name}: read for page 45,000", points[-1][1], UNITS[engine])
    caption = "What the database reads for one page: behind a cursor, and behind so many rows."
    draw(f"Cost of page N on {engine}", caption, work, "page", f"cost [{UNITS[engine]}]", log="xy")
    assert long_list.rows(keyset[PAGES]) == long_list.rows(offset[PAGES])
    assert work["keyset"][-1][1] <= KEYSET_RATIO * work["keyset"][0][1]
    assert work["offset"][-1][1] >= PAGE * PAGES
    assert deep["keyset"].high <= KEYSET_RATIO
    assert deep["offset"].low >= OFFSET_RATIO


UNITS = {"SQLite": "steps", "PostgreSQL": "rows"}


def list_of_reader():
    from sysdesign.apis.rest_api import Listing

    return Listing("reader")


def runs(database, queries):
    """Return how to have the last of these pages, and how to have the first."""
    return [functools.partial(database.rows, queries[number]) for number in (PAGES, 1)]


@pytest.mark.benchmark(group="six bookmarks behind 269,994 others")
def test_the_cost_of_a_deep_page(long_list, benchmark):
    """What it costs to have the last page of 270,000 bookmarks by its cursor."""
    query = list_of_reader().behind(position((PAGES - 1) * PAGE), PAGE)

    assert len(benchmark(long_list.rows, query)) == PAGE

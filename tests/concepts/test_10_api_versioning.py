"""API versioning · two versions of one API

Problem        An API has to change, and its clients do not change with it: some are on telephones, some belong to others, some
               have been forgotten. What is renamed for one breaks another.
Idea           What is added stays within the version, what breaks makes a new one. Both are served side by side, as views of the
               same rows, until the old one, long announced, comes to its end.
Guarantees     A recorded contract is kept by every release until the version's sunset. What is written through one version is
               read through the other and back without loss, also while servers of two releases share the rows.
Trade-off      Each version is code to keep. As long as version 1 lives, a name in version 2 has to fit it. What a body leaves out
               stays as it is, for its client may be older than the field: to clear one takes a null.
Not shown      When a column goes for good; pages of long lists; who may see the counts of /versions, which belong inside; events
               and webhooks, which have versions too; a version for each client, pinned to a date.
Sources        RFC 9745 (Deprecation); RFC 8594 (Sunset); RFC 9651 §3.3.7 (dates in fields); RFC 5829 §3.3 (successor-version);
               RFC 9110 §12.5.1, §15.5.11 (Accept, 410 Gone); RFC 9457 (problem details); JSON Schema 2020-12
Implementation src/sysdesign/apis/api_versioning
Engines        flask · fastapi
"""

import functools
import itertools
import json
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from fixtures import releases
from fixtures.apps import served_apps
from fixtures.clients import connected
from fixtures.endpoints import served_endpoints
from fixtures.engines import engines
from fixtures.releases import WRITTEN, ask, get, named, put, replay
from sysdesign.apis.api_versioning import (
    RELEASES,
    Calls,
    breaking_changes,
    contract,
    join,
    media_type_of,
    misfits,
    split,
)

SERVER = "fixtures.releases:serve"
OLD, NEW = RELEASES
V1, _ = RELEASES[NEW]
WAYS = ["path", "header", "media type", "not at all"]
CALLS = 7
CLIENT_NAMES, MADE_UP_NAMES = 100, 150
WRITES = 5  # users that a client writes before the next thing happens


@pytest.fixture(scope="module")
def calendar(tmp_path_factory):
    """The clock of all servers."""
    return releases.Calendar(tmp_path_factory.mktemp("calendar") / "today")


@pytest.fixture(scope="module")
def served(tmp_path_factory, calendar):
    """The releases on each engine, on the same rows; both are started when one is first needed, and the rows are made by either."""
    with ExitStack() as stack:
        app, folder = stack.enter_context(served_apps()), tmp_path_factory.mktemp("users")

        @functools.cache
        def launched(engine, release):
            told = {"database": f"{folder}/{engine}.db", "calendar": str(calendar.path)}
            program = app(SERVER, engine=engine, release=release, start=False, **told)
            program.launch()
            return program

        @functools.cache
        def ready(engine, release=NEW):
            program = {each: launched(engine, each) for each in RELEASES}[release]
            program.wait_until_ready()
            return program

        yield ready


@pytest.fixture(autouse=True)
def today(calendar):
    """Let each test begin on a day on which version 1 is deprecated and not gone."""
    calendar.set(V1.deprecated)


@pytest.fixture(params=engines({"flask": None, "fastapi": None}))
def engine(request):
    """What speaks HTTP."""
    return request.param


@pytest.fixture
def api(engine, served):
    """The new release, which has both versions."""
    return served(engine)


def test_two_versions_show_the_same_users_side_by_side(api):
    """A user written once is there in both versions: with a whole name in the first, with a name in two pieces in the second."""
    written = put(api, "/v1/users/grace", name="Grace Hopper", email=None, phone=None)
    first, second = get(api, "/v1/users"), get(api, "/v2/users")

    rest = {"id": "grace", "email": None, "phone": None}
    assert written.status in WRITTEN
    assert {"name": "Grace Hopper", **rest} in first.body["users"]
    assert {"given_name": "Grace", "family_name": "Hopper", **rest} in second.body["users"]


def test_a_version_is_named_by_path_by_header_or_by_media_type(api):
    """A client names its version in any of three ways, and who names none gets the first: a default never moves."""
    put(api, "/v1/users/ada", name="Ada Lovelace")
    asked = [named(way, number, "/users/ada") for way in WAYS[:3] for number in "12"]
    asked.append(named("not at all", "", "/users/ada"))
    replies = [ask(api, "GET", path, headers=fields) for path, fields in asked]
    liked = get(api, "/users/ada", Accept=f"application/json;q=0.1, {media_type_of('2')}")

    assert [reply.headers["api-version"] for reply in replies] == ["1", "2", "1", "2", "1", "2", "1"]
    kinds = [reply.headers["content-type"] for reply in replies]
    assert kinds == ["application/json"] * 4 + [media_type_of("1"), media_type_of("2"), "application/json"]
    assert liked.headers["api-version"] == "2"
    assert {reply.headers["vary"] for reply in replies} == {"Accept, API-Version"}


UNKNOWN = [
    ("/v3/users", {}, 404),
    ("/v01/users", {}, 404),
    ("/users", {"API_Version": "3"}, 406),
    ("/users", {"Accept": media_type_of("3")}, 406),
    ("/v1/users", {"Accept": media_type_of("2")}, 406),
    ("/users", {"API_Version": "2", "Accept": media_type_of("1")}, 406),
    ("/v1/users", {"API_Version": "2"}, 400),
]


def test_a_version_that_does_not_exist_is_refused(api):
    """An unknown version in the path is 404, in a field 406, and two different ones are refused: nobody is given another by guess."""
    replies = [get(api, path, **fields) for path, fields, _ in UNKNOWN]

    assert [reply.status for reply in replies] == [status for *_, status in UNKNOWN]
    assert {reply.headers["content-type"] for reply in replies} == {"application/problem+json"}
    assert all(reply.body["detail"] for reply in replies)


def test_a_body_is_held_to_the_contract_of_its_version(api):
    """A body in the form of another version, or longer than the oldest one can hold, is refused and changes nothing."""
    put(api, "/v1/users/ada", name="Ada Lovelace")
    told = {
        why: ask(api, "PUT", f"/v{number}/users/ada", body).status
        for why, (number, body, _) in releases.REFUSED.items()
    }
    crossed = ask(api, "PUT", "/v1/users/ada", {"name": "A"}, {"Content-Type": media_type_of("2")})

    assert told == {why: status for why, (*_, status) in releases.REFUSED.items()}
    assert crossed.status == 415
    assert get(api, "/v1/users/ada").body["name"] == "Ada Lovelace"


def twice(values):
    """Return each of them two times."""
    return [value for value in values for _ in range(2)]


def by_another_version(api, number, other):
    """Read a user through one version, and write through it what was read; return how the other version shows it before and after."""
    before, read = get(api, f"/v{other}/users/mary").body, get(api, f"/v{number}/users/mary").body
    del read["id"]
    put(api, f"/v{number}/users/mary", **read)
    return before, get(api, f"/v{other}/users/mary").body


def test_what_one_version_writes_the_other_reads_and_gives_back(api, observe):
    """Names go from each version to the other and back, and neither the whole nor its pieces have changed."""
    pieces, wholes = [], []
    for given_name, family_name in releases.PIECES:
        put(api, "/v2/users/mary", given_name=given_name, family_name=family_name)
        wholes.append(get(api, "/v1/users/mary").body["name"])
        pieces += by_another_version(api, 1, 2)
    for name in releases.NAMES:
        put(api, "/v1/users/mary", name=name)
        wholes += [shown["name"] for shown in by_another_version(api, 2, 1)]

    observe("names there and back", len(releases.PIECES) + len(releases.NAMES), "names")
    assert [(shown["given_name"], shown["family_name"]) for shown in pieces] == twice(releases.PIECES)
    assert wholes == [*itertools.starmap(join, releases.PIECES), *twice(releases.NAMES)]


def test_no_name_is_lost_by_splitting_it(observe):
    """However a name is made up of letters and spaces, its two pieces join to the same name, and the first is never empty."""
    names = ["".join(letters) for length in range(1, 8) for letters in itertools.product("aé ", repeat=length)]

    observe("names", len(names), "names")
    assert [name for name in names if join(*split(name)) != name or not split(name)[0]] == []


def test_an_older_client_erases_nothing_that_it_does_not_know(api, engine, served):
    """A client or a server that has never heard of a field leaves it as it is, and a new name makes the old pieces obsolete."""
    put(api, "/v2/users/mary", given_name="Mary Ann", family_name="Evans", phone="+44 1")
    older = served(engine, OLD)
    put(older, "/v1/users/mary", name="Mary Ann Evans", email="mary@example.org")
    echoed = get(api, "/v2/users/mary").body
    put(older, "/v1/users/mary", name="George Eliot")
    renamed = get(api, "/v2/users/mary").body
    put(api, "/v1/users/mary", name="George Eliot", phone=None)

    kept = {"id": "mary", "email": "mary@example.org", "phone": "+44 1"}
    assert echoed == {**kept, "given_name": "Mary Ann", "family_name": "Evans"}
    assert renamed == {**kept, "given_name": "George", "family_name": "Eliot"}
    assert get(api, "/v2/users/mary").body["phone"] is None


SERVERS = ["release 1.0", "release 2.0", "2.0 after the sunset of version 1"]
MATRIX = {
    **{("v1.0", way): ["kept", "kept", "410"] for way in WAYS},
    **{("v1.1", way): ["422", "kept", "410"] for way in WAYS},
    ("v2.0", "path"): ["404", "kept", "kept"],
    ("v2.0", "header"): ["406", "kept", "kept"],
    ("v2.0", "media type"): ["406", "kept", "kept"],
}


def test_each_recorded_client_finds_its_contract_on_each_server(engine, served, calendar, observe, draw):
    """What clients have recorded holds on every release that has their version, until its sunset; all else is a plain refusal."""
    clients = [(contract(name), way) for name, way in MATRIX]
    columns = [[replay(served(engine, release), *client) for client in clients] for release in (OLD, NEW)]
    calendar.set(V1.sunset)
    columns.append([replay(served(engine), *client) for client in clients])
    matrix = dict(zip(MATRIX, map(list, zip(*columns, strict=True)), strict=True))

    observe("cells", sum(map(len, matrix.values())), "clients on servers")
    caption = "What each client has recorded, put to each server: kept, or refused with a status that says why."
    bands = {each: (place, place + 1) for place, each in enumerate(SERVERS)}
    draw.timeline("Clients and servers", caption, releases.lanes(matrix), "server", bands)
    assert matrix == MATRIX


def test_an_additive_change_keeps_the_contract_and_a_breaking_one_is_found():
    """The comparison of the published contracts finds nothing in the field that was added, and each thing that the new version breaks."""
    old, added, new = contract("v1.0"), contract("v1.1"), contract("v2.0")

    assert breaking_changes(old, added) == []
    assert breaking_changes(added, replace(added, operations=added.operations[1:])) == ["GET /users is gone"]
    assert breaking_changes(added, new) == [
        "request: family_name may be missing in the body",
        "request: given_name may be missing in the body",
        "request: name is unknown in the body",
        "answer: name may be missing in the body",
    ]


def test_the_comparison_of_contracts_is_right_about_every_change(observe):
    """Of all changes of a field there are, it calls breaking those, and only those, for which there is a document that breaks."""
    changes = list(releases.changes_of_a_field())
    wrong = [(written, read) for written, read, breaks in changes if bool(misfits(written, read)) != breaks]

    observe("changes", len(changes), "changes")
    observe("of these breaking", sum(breaks for *_, breaks in changes), "changes")
    assert wrong == []
    with pytest.raises(ValueError, match="pattern"):
        misfits({"type": "string", "pattern": "^a"}, {"type": "string"})


def test_a_change_in_place_breaks_those_who_have_not_changed(tmp_path):
    """Counterexample: where version 1 itself is given the new form, its clients can neither write nor read a name any more."""
    with releases.changed_in_place(str(tmp_path / "users.db")) as application, served_endpoints() as endpoint:
        in_place = endpoint(application)
        written = put(in_place, "/v1/users/ada", given_name="Ada", family_name="Lovelace")
        read = get(in_place, "/v1/users/ada").body
        client_of_old = replay(in_place, contract("v1.0"), "path")

    assert breaking_changes(contract("v1.0"), contract("v2.0")) != []
    assert client_of_old == "422"
    assert written.status in WRITTEN
    assert "name" not in read


def test_a_deprecated_version_tells_its_end_and_its_successor(api):
    """Each answer of the old version, refusals too, says since when it is deprecated, when it will be gone, and where to go instead."""
    put(api, "/v1/users/ada", name="Ada Lovelace")
    asked = [named(way, "1", path) for way in WAYS for path in ("/users/ada", "/users/nobody")]
    told = [ask(api, "GET", path, headers=fields).headers for path, fields in asked]
    link = told[0]["link"].partition("</v2")[2].partition(">")
    followed = get(api, f"/v2{link[0]}")

    assert {fields["deprecation"] for fields in told} == {f"@{V1.deprecated.timestamp():.0f}"}
    assert {parsedate_to_datetime(fields["sunset"]) for fields in told} == {V1.sunset}
    assert link[2] == '; rel="successor-version"'
    assert (followed.status, followed.body["id"], followed.headers["api-version"]) == (200, "ada", "2")
    assert not {"deprecation", "sunset", "link"} & followed.headers.keys()
    with pytest.raises(ValueError, match="first"):
        replace(V1, sunset=V1.deprecated - timedelta(seconds=1))


def test_after_its_sunset_a_version_is_gone(api, calendar):
    """Until the last second the old version works; from then on it is 410 with a reason, its writes leave nothing, the new one goes on."""
    calendar.set(V1.sunset, seconds_later=-1)
    last = put(api, "/v1/users/ada", name="Ada Lovelace")
    calendar.set(V1.sunset)
    late = put(api, "/v1/users/ada", name="Ada Byron")
    gone = [ask(api, "GET", path, headers=fields) for path, fields in (named(way, "1", "/users/ada") for way in WAYS)]

    assert last.status in WRITTEN
    assert {reply.status for reply in [late, *gone]} == {410}
    assert {reply.headers["content-type"] for reply in gone} == {"application/problem+json"}
    assert {(reply.body["status"], "ended" in reply.body["detail"]) for reply in gone} == {(410, True)}
    assert all("successor-version" in reply.headers["link"] and reply.headers["sunset"] for reply in gone)
    assert get(api, "/v2/users/ada").body["family_name"] == "Lovelace"


def calls_of(api, client):
    """Return how often a client has called each version."""
    return [version["calls"].get(client, 0) for version in get(api, "/versions").body["versions"]]


def test_the_calls_left_are_counted(api, calendar, observe):
    """Who still calls the old version is counted by name, in whatever way it is called and when it is gone; and names cannot pile up."""
    till = {"User-Agent": "till/2.1"}
    before = calls_of(api, till["User-Agent"])
    for path, fields in [named(way, "1", "/users") for way in WAYS] * CALLS + [named("path", "2", "/users")]:
        ask(api, "GET", path, headers={**fields, **till})
    calendar.set(V1.sunset)
    ask(api, "GET", "/v1/users", headers=till)
    calls = [after - earlier for after, earlier in zip(calls_of(api, till["User-Agent"]), before, strict=True)]
    made_up = Calls()
    for number in range(MADE_UP_NAMES):
        made_up.count("1", f"client {number}")

    observe("calls left of version 1", calls[0], "calls")
    assert calls == [len(WAYS) * CALLS + 1, 1]
    assert (len(made_up.of("1")), sum(made_up.of("1").values())) == (CLIENT_NAMES + 1, MADE_UP_NAMES)


def test_a_release_killed_while_clients_of_both_versions_write_loses_nothing(
    engine, app, calendar, tmp_path, eventually, thoroughness, observe
):
    """A new release joins the old one and dies in the middle of requests: whatever was acknowledged, both versions have it."""
    told = {"database": str(tmp_path / "users.db"), "calendar": str(calendar.path)}
    old = app(SERVER, engine="flask", release=OLD, **told)
    new = app(SERVER, engine=engine, release=NEW, start=False, **told)
    first = releases.Writer("first", [old, new], "/v1/users", lambda number: {"name": f"Mary Ann {number}"})
    second = releases.Writer(
        "second", [new], "/v2/users", lambda number: {"given_name": "Mary", "family_name": f"of {number}"}
    )

    with releases.writing(first, second):
        first.go_on(WRITES)
        for _ in range(thoroughness):
            new.start()
            second.go_on(WRITES)
            new.pause()
            eventually(lambda: first.is_stuck and second.is_stuck)
            new.kill()
            first.go_on(WRITES)
        new.start()
        second.go_on(WRITES)

    wholes = {**first.acknowledged, **{user: {"name": join(**body)} for user, body in second.acknowledged.items()}}
    observe("users acknowledged", len(wholes), "users")
    assert first.unanswered >= thoroughness <= second.unanswered
    assert [releases.lost(wholes, server, "/v1/users") for server in (old, new)] == [[], []]
    assert releases.lost(second.acknowledged, new, "/v2/users") == []


@pytest.mark.parametrize("number", ["1", "2"])
@pytest.mark.benchmark(group="one user read through a version")
def test_the_cost_of_a_call(api, number, benchmark):
    """What it costs to read a user through the old version, which tells of its end, and through the new one, which splits the name."""
    put(api, "/v1/users/ada", name="Ada Lovelace")
    with closing(connected(api)) as connection:

        def read():
            connection.request("GET", f"/v{number}/users/ada")
            return json.load(connection.getresponse())

        assert benchmark(read)["id"] == "ada"

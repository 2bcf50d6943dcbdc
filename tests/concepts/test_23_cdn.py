"""CDN · edges, and HTTP's rules for shared caches

Problem        Light takes 160 ms around half the Earth and back, and one origin has to answer everybody.
Idea           Edges stand near the clients and keep what the origin has sent, for as long as it says: what many ask for is sent
               over the ocean once.
Guarantees     Whatever is kept is given only to whom it is meant for, only as long as the origin allows, and with its age. However
               many ask at the same time, the origin is asked once. While it is dead, what it allows is served stale.
Trade-off      What has been published stays out there until it ends or is purged. An edge does not obey a client's `no-cache`: a
               reload would be a way to reach the origin.
Not shown      TLS, HTTP/2 and 3; anycast (clients are sent to their edge as by DNS); bodies on disk; parts of what is not stored.
Sources        RFC 9111; RFC 9110 §13, §14; RFC 5861 (stale); RFC 8246 (immutable); RFC 9211 (Cache-Status); the public test suite
               http-cache-tests
Implementation src/sysdesign/distributed/cdn
Engines        ours · nginx · varnish
"""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace

import pytest

from fixtures.clients import connected
from fixtures.edges import ENGINES, Regions, Stage, at_once, draw_regions, get
from fixtures.engines import engines
from fixtures.eventually import eventually
from sysdesign.distributed.cdn import (
    Edge,
    Fields,
    Place,
    Request,
    Settings,
    Store,
    Stored,
    Unanswered,
    create_site,
    publish,
    report,
)
from sysdesign.distributed.cdn import Response as Answer

CLIENTS = 50
RESPONSE_SECONDS = 0.5  # the edges' patience with the origin
ORIGIN = Place("Frankfurt", 50.1, 8.7)
REGIONS = {  # clients, and the edge in their region
    Place("Dublin", 53.3, -6.3): Place("London", 51.5, -0.1),
    Place("New York", 40.7, -74.0): Place("Virginia", 38.9, -77.5),
    Place("Kuala Lumpur", 3.1, 101.7): Place("Singapore", 1.3, 103.8),
}
OBJECTS, REQUESTS = 6, 60  # asked for in a region, the first half the time, the second a quarter…


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """Where the origin's site is published."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def stage(servers, directory):
    """One origin, and an edge of each engine before it."""
    with Stage(servers, create_site(str(directory)), response_seconds=RESPONSE_SECONDS) as stage:
        yield stage


@pytest.fixture
def origin(stage):
    return stage.origin


@pytest.fixture(params=engines(ENGINES))
def edge(request, stage):
    return stage.edge(request.param)


def told(answer):
    """What the edge says that it did (RFC 9211)."""
    return answer.fields["cache-status"].partition("; ")[2].partition(";")[0]


def versions(edge, path, requests=2, **how):
    """Return the bodies of so many answers: a page tells how often it was made."""
    return [get(edge, path, **how).body for _ in range(requests)]


def test_a_page_is_fetched_once_and_then_comes_from_the_edge(edge, origin, observe):
    """Of thirty requests for a page one reaches the origin, and each answer says whether the edge had it."""
    path = origin.page("max-age=60")
    answers = [get(edge, path) for _ in range(30)]

    observe("requests that reached the origin, of 30", origin.hits(path), "requests")
    assert origin.hits(path) == 1
    assert {answer.body for answer in answers} == {"1"}
    assert [told(answer) for answer in answers] == ["fwd=miss"] + 29 * ["hit"]


@pytest.mark.differs({"nginx": "it counts from when it got a response, and tells nobody how old it is"})
def test_an_answer_tells_its_age_from_its_origin_on(edge, origin):
    """What was a hundred seconds old when it came is older when it is served, and what was older than it may be is not served again."""
    young, old = origin.page("max-age=200", Age="100"), origin.page("max-age=200, stale-while-revalidate=5", Age="206")

    assert [int(get(edge, young).fields.get("age", 0)) >= 100 for _ in range(2)] == [True, True]
    assert versions(edge, young) == ["1", "1"]
    assert versions(edge, old) == ["1", "2"]


def test_each_host_and_each_query_has_pages_of_its_own(edge, origin):
    """The same path of another site, or with another query, is another page."""
    path = origin.page()
    bodies = [
        get(edge, f"{path}{query}", host=host).body for host in ("a.example", "b.example") for query in ("", "?q=1")
    ]

    assert bodies == ["1", "2", "3", "4"]
    assert get(edge, f"{path}?q=1", host="a.example").body == "2"


FOR_ONE = {
    "private": {"cache_control": "private, max-age=60"},
    "no-store": {"cache_control": "no-store, max-age=60"},
    "no-cache": {"cache_control": "no-cache, max-age=60"},
    "a cookie is set": {"cache_control": "max-age=60", "Set_Cookie": "session=1"},
    "asked with a password": {"cache_control": "max-age=60"},
    "no word of how long": {"cache_control": "public"},
}


def test_what_is_for_one_client_is_given_to_no_other(edge, origin):
    """Answers that are private, set a cookie, or were asked for with a password reach nobody but who has asked."""
    paths = {case: origin.page(**page) for case, page in FOR_ONE.items()}
    password = {"asked with a password": {"Authorization": "Basic YTpi"}}
    got = {case: versions(edge, path, fields=password.get(case)) for case, path in paths.items()}

    assert set(map(tuple, got.values())) == {("1", "2")}
    assert get(edge, paths["asked with a password"]).body == "3"


@pytest.mark.differs(dict.fromkeys(("nginx", "varnish"), "what was asked for with a password it never keeps"))
def test_what_is_public_is_shared_even_if_a_password_was_sent(edge, origin):
    """The origin may say of an answer that it is for all, whoever has asked."""
    path = origin.page("public, max-age=60")

    assert versions(edge, path, fields={"Authorization": "Basic YTpi"}) == ["1", "1"]


def test_what_is_told_to_shared_caches_comes_first_for_them(edge, origin):
    """With s-maxage, edges keep a page longer than browsers may, or shorter."""
    longer, shorter = origin.page("max-age=0, s-maxage=60"), origin.page("max-age=60, s-maxage=0")

    assert versions(edge, longer) == ["1", "1"]
    assert versions(edge, shorter) == ["1", "2"]


def test_variants_are_kept_apart_by_what_the_origin_names_and_by_nothing_else(edge, origin):
    """A page that varies with the language is kept once for each language, and for no other difference between clients."""
    path = origin.page(body=lambda fields: fields.get("accept-language", "none"), Vary="Accept-Language")
    asked = [{"Accept-Language": language, "User-Agent": agent} for agent in "xy" for language in ("en", "de")]

    assert [get(edge, path, fields=fields).body for fields in [*asked, {}]] == ["en", "de", "en", "de", "none"]
    assert origin.hits(path) == 3


def test_nobody_can_put_his_own_host_into_a_page_for_others(edge, origin):
    """What an attacker sends in X-Forwarded-Host gets neither to the origin nor into the page that others are given."""
    path = origin.page(body=lambda fields: f"links to {fields.get('x-forwarded-host', 'here')}")
    attacked = get(edge, path, fields={"X-Forwarded-Host": "evil.example"}).body

    assert attacked == get(edge, path).body == "links to here"
    assert origin.hits(path) == 1


def test_what_has_not_changed_is_not_sent_again(edge, stage, observe):
    """For a page that has ended the edge asks whether it is still the same; the origin's 304 costs a hundredth of the page."""
    path = stage.aged(edge)["tagged"]
    page, before = stage.origin.pages[path], stage.wire.to_client.passed
    bodies = {get(edge, path).body for _ in range(5)}
    sent = stage.wire.to_client.passed - before

    observe("sent by the origin for a page of 100 kB that has not changed", sent, "bytes")
    assert page.statuses == [200, 304]
    assert bodies == {page.body}
    assert sent <= len(page.body) / 100


def test_clients_get_304_and_parts_from_what_the_edge_has(edge, origin):
    """Who has a page already, or wants a part of it, is answered without a word to the origin."""
    path = origin.page(body="0123456789", ETag='"1"', Accept_Ranges="bytes")
    get(edge, path)
    known = get(edge, path, fields={"If-None-Match": '"1"'})
    part = get(edge, path, fields={"Range": "bytes=2-4"})

    assert (known.status, known.body, known.fields["etag"]) == (304, "", '"1"')
    assert (part.status, part.body, part.fields["content-range"]) == (206, "234", "bytes 2-4/10")
    assert get(edge, path, fields={"Range": "bytes=2-4", "If-Range": '"0"'}).body == "0123456789"
    assert origin.hits(path) == 1


def test_a_page_that_has_ended_is_served_while_it_is_fetched_anew(edge, stage):
    """Within stale-while-revalidate nobody waits for the origin: all get the old page at once, until the new one is there."""
    path = stage.aged(edge)["renewed"]
    with stage.origin.holding(path):
        assert [answer.result().body for answer in at_once(5, edge, path)] == 5 * ["1"]

    assert eventually(lambda: get(edge, path).body == "2")
    assert stage.origin.hits(path) == 2


def test_files_whose_names_tell_their_content_are_fetched_once_for_ever(edge, origin, directory):
    """A new version has a new name: its page is purged, its script is fetched once, and who has the old page finds the old script."""
    site, seen = directory / edge.name, []
    site.mkdir()
    for script in (b"alert(1)", b"alert(2)"):
        names = publish(site, {"page.html": '<script src="app.js">'}, {"app.js": script})
        edge.purges.purge("shop.example", f"/{edge.name}/page.html")
        page = get(edge, f"/{edge.name}/page.html").body
        seen.append((names["app.js"] in page, versions(edge, f"/{edge.name}/{names['app.js']}")))
    asked = [path for path in origin.asked if path.startswith(f"/{edge.name}/app-")]

    assert seen == [(True, 2 * ["alert(1)"]), (True, 2 * ["alert(2)"])]
    assert len(asked) == len(set(asked)) == 2


def test_a_purge_takes_a_url_or_a_tag_and_nothing_else(edge, origin):
    """A page is forgotten in all its variants, or all pages of a product at once; the others stay."""
    page = origin.page(Vary="Accept-Language")
    shoe, shoes, hat = (origin.page(Cache_Tag=tags) for tags in ("shoe, red", "new, shoe", "shoestring"))
    german = {"Accept-Language": "de"}
    for path, fields in ((page, None), (page, german), (shoe, None), (shoes, None), (hat, None)):
        get(edge, path, fields=fields)

    edge.purges.purge("shop.example", page)
    assert [get(edge, page).body, get(edge, page, fields=german).body, get(edge, shoe).body] == ["3", "4", "1"]
    edge.purges.purge_tag("shoe")
    assert [get(edge, path).body for path in (shoe, shoes, hat, page)] == ["2", "2", "1", "3"]


@pytest.mark.differs(dict.fromkeys(("nginx", "varnish"), "a purge forgets what is there, not what is on its way"))
def test_what_was_asked_for_before_a_purge_is_not_stored_behind_it(edge, origin):
    """An old answer that is still on its way while its page is purged is given to who waits for it, and to nobody after."""
    path = origin.page("max-age=60")
    with origin.holding(path):
        (before,) = at_once(1, edge, path)
        eventually(lambda: origin.hits(path) == 1)
        edge.purges.purge("shop.example", path)

    assert before.result().body == "1"
    assert get(edge, path).body == "2"


def test_many_who_ask_at_the_same_time_are_one_request_for_the_origin(edge, origin, observe):
    """Of fifty clients who want the same new page one is let through, and all get what it brings."""
    path = origin.page("max-age=60")
    with origin.holding(path):
        answers = at_once(CLIENTS, edge, path)
        eventually(lambda: origin.hits(path))
        get(edge, origin.page())  # the others have been read before it

    assert [answer.result().body for answer in answers] == CLIENTS * ["1"]
    observe("requests that reached the origin, of 50 at once", origin.hits(path), "requests")
    assert origin.hits(path) == 1


@pytest.mark.parametrize("edge", engines({"ours": None, "varnish": "varnish"}), indirect=True)
def test_who_waits_for_a_private_page_does_not_get_anothers(edge, origin):
    """Clients who have waited together for what turns out to be private get answers of their own, and the next ones do not wait."""
    path = origin.page("private, max-age=60")
    with origin.holding(path):
        answers = at_once(CLIENTS, edge, path)
        eventually(lambda: origin.hits(path))
        get(edge, origin.page())  # the others have been read before it
    assert len({answer.result().body for answer in answers}) == CLIENTS == origin.hits(path)

    with origin.holding(path):
        at_once(CLIENTS, edge, path)
        assert eventually(lambda: origin.hits(path) == 2 * CLIENTS)


def test_while_the_origin_is_dead_pages_are_stale_within_their_window_and_then_missing(edge, stage):
    """With the wire to the origin cut, a page is served as long as stale-if-error allows, and not a second longer: then it is 502."""
    paths = stage.aged(edge)
    stage.wire.cut()
    try:
        assert [get(edge, paths["covered"]).body for _ in range(3)] == 3 * ["1"]
        assert get(edge, paths["bare"]).status == 502
        assert get(edge, stage.origin.page()).status == 502
        eventually(lambda: get(edge, paths["briefly"]).status == 502)
    finally:
        stage.wire.heal()

    assert eventually(lambda: [get(edge, paths[kind]).body for kind in ("covered", "bare", "briefly")] == 3 * ["2"])


@pytest.mark.differs({"varnish": "it does not tell whether it was refused or waited in vain"})
def test_an_origin_that_is_silent_is_waited_for_and_given_up(edge, stage):
    """When the origin does not answer, the client is told so in time (504), and not before."""
    paths = stage.aged(edge)
    stage.wire.stall()
    try:
        answer = get(edge, paths["silent"])
    finally:
        stage.wire.heal()

    assert answer.status == 504
    assert answer.seconds >= RESPONSE_SECONDS


def in_process(clock, answer, **settings):
    """Return an edge that runs in this process on a clock moved by hand, and the times at which its origin was asked."""
    asked = []

    async def ask(request):
        asked.append(clock())
        return answer(len(asked))

    return Edge(Settings(**settings), SimpleNamespace(ask=ask), clock), asked


async def browse(edge, clock, seconds, step):
    """Ask for one page again and again for so long, and return the answers."""
    request, answers = Request("GET", "/", Fields([("Host", "a")])), []
    for _ in range(int(seconds / step)):
        answers.append(edge.at_once(request) or await edge.answer(request))
        clock.advance(step)
    return answers


def test_a_page_is_served_until_the_last_second_that_the_origin_allows(clock):
    """What may be 60 s old and was 10 s old when it came is served for 50 s, older each second, and is then fetched anew."""
    fields = [("Cache-Control", "max-age=60"), ("Age", "10")]
    edge, asked = in_process(clock, lambda _: Answer(200, Fields(fields), b"page", clock(), clock()))
    begin = clock()
    answers = asyncio.run(browse(edge, clock, seconds=120, step=1))

    assert [int(answer.fields.get("age")) for answer in answers] == [*range(10, 60), *range(10, 60), *range(10, 30)]
    assert [at - begin for at in asked] == [0, 50, 100]


def test_a_dead_origin_is_tried_from_time_to_time_and_not_by_everybody(clock, observe):
    """While a page is stale because its origin is dead, one request a second goes there in vain; the others do not wait for it."""
    fields = Fields([("Cache-Control", "max-age=60, stale-if-error=30")])

    def answer(number):
        if number > 1:
            raise Unanswered(ConnectionRefusedError())
        return Answer(200, fields, b"page", clock(), clock())

    edge, asked = in_process(clock, answer, retry_seconds=1.0)
    answers = asyncio.run(browse(edge, clock, seconds=90, step=0.125))

    observe("requests to the dead origin, of 240 for a stale page", len(asked) - 1, "requests")
    assert {answer.status for answer in answers} == {200}
    assert len(asked) - 1 == 30
    assert asyncio.run(browse(edge, clock, seconds=1, step=1))[0].status == 502


def test_a_store_keeps_what_was_used_last_and_no_more_than_fits(observe):
    """Within its bytes an edge keeps the pages that are asked for, and one client's thousand variants do not push them out."""
    store = Store(100_000)
    asked = [Request("GET", f"/{number}", Fields([("Host", "a")])) for number in range(200)]
    for request in asked:
        store.put(Stored.of(request, Answer(200, Fields([("Cache-Control", "max-age=60")]), b""), 1_000 * b"x"), 0)
        store.select(asked[0])
    for number in range(1_000):
        many = Request("GET", "/many", Fields([("Host", "a"), ("User-Agent", str(number))]))
        store.put(Stored.of(many, Answer(200, Fields([("Vary", "User-Agent")]), b""), b"x"), 0)

    observe("bytes kept, of 100,000", store.size, "bytes")
    assert store.size <= 100_000
    assert [bool(store.select(request)) for request in (asked[0], asked[1], asked[-1])] == [True, False, True]


@pytest.fixture(scope="module")
def regions(stage):
    """An edge in each region, and a shield beside the origin."""
    with Regions(stage, ORIGIN, REGIONS.values()) as regions:
        yield regions


def test_a_shield_turns_the_misses_of_all_edges_into_one_request(regions, origin, observe):
    """When edges all over the world ask for the same new page, the shield before the origin lets one of them through."""
    path = origin.page("max-age=60")
    with ThreadPoolExecutor() as pool, origin.holding(path):
        answers = [pool.submit(get, regions.to_edge(client), path) for client in REGIONS]
        eventually(lambda: len(regions.have_asked(path)) == len(REGIONS) and origin.hits(path))

    observe("requests that reached the origin, of 3 edges' misses", origin.hits(path), "requests")
    assert [answer.result().body for answer in answers] == 3 * ["1"]
    assert origin.hits(path) == 1


def test_clients_are_sent_to_the_nearest_edge_and_when_it_dies_to_the_next(regions, origin):
    """Each client's edge is the nearest one; when it is killed its clients go on at the next nearest, until it is back."""
    path, client = origin.page("max-age=60"), next(place for place in REGIONS if place.name == "New York")
    assert {place: regions.nearest(place) for place in REGIONS} == REGIONS

    regions.edges[REGIONS[client]].kill()
    try:
        regions.directory.check()
        assert regions.nearest(client).name == "London"
        assert get(regions.to_edge(client), path).body == "1"
    finally:
        regions.edges[REGIONS[client]].start()
        regions.directory.check()
    assert regions.nearest(client) == REGIONS[client]


def test_a_world_of_clients_costs_the_origin_one_request_for_each_page(regions, origin, chance, observe, draw):
    """Clients in three regions ask 180 times for six pages: the origin sends each once, and all but the first are answered near them."""
    paths = [origin.page("max-age=600") for _ in range(OBJECTS)]
    popularity = [2.0**-rank for rank in range(OBJECTS)]
    asked = {client: [*paths, *chance.choices(paths, popularity, k=REQUESTS - OBJECTS)] for client in REGIONS}

    def browse(client):
        near, far = regions.to_edge(client), regions.to_origin(client)
        with closing(connected(near)) as to_near, closing(connected(far)) as to_far:
            with_edge = [get(near, path, kept=to_near) for path in asked[client]]
            return with_edge, [get(far, "/nothing", kept=to_far) for _ in range(3)]

    with ThreadPoolExecutor() as pool:
        seen = dict(zip(REGIONS, pool.map(browse, REGIONS), strict=True))
    draw_regions(draw, ORIGIN, seen, told)
    hits = {client.name: Counter(map(told, with_edge))["hit"] for client, (with_edge, _) in seen.items()}
    observe(f"hits by region, of {REQUESTS} requests", str(hits))
    assert [origin.hits(path) for path in paths] == OBJECTS * [1]
    assert set(hits.values()) == {REQUESTS - OBJECTS}


def test_a_cdn_is_measured_against_its_origin_for_any_urls(stage, origin, tmp_path):
    """The command that measures a CDN takes pairs of URLs from a file, asks both in turns, and tells what the CDN says of itself."""
    edge, path = stage.edge("ours"), origin.page("max-age=60")
    urls = tmp_path / "urls"
    urls.write_text(f"# ours\nhttp://{edge.host}:{edge.port}{path} http://{stage.wire.host}:{stage.wire.port}{path}\n")
    header, row = report(urls).splitlines()

    assert header.split()[:1] == ["CDN"]
    assert "200" in row
    assert "sysdesign; hit" in row
    assert origin.hits(path) == 1 + 5


def test_without_waiting_for_each_other_all_who_come_before_the_first_answer_ask_the_origin():
    """Counterexample: who looks into the store, finds nothing and asks by himself makes fifty requests where one is enough."""
    fields = Fields([("Cache-Control", "max-age=60")])

    async def fifty(waiting):
        edge, asked = in_process(lambda: 0.0, lambda _: Answer(200, fields, b"page"))
        request = Request("GET", "/", Fields([("Host", "a")]))
        each = edge.answer if waiting else lambda request: edge._fetch(request, None)
        await asyncio.gather(*(each(request) for _ in range(CLIENTS)))
        return len(asked)

    assert asyncio.run(fifty(waiting=False)) == CLIENTS
    assert asyncio.run(fifty(waiting=True)) == 1


def test_near_is_several_times_nearer_than_far(regions, origin, ratio):
    """A page from the edge in Virginia takes a client in New York at most a fifth of the time that it takes from Frankfurt."""
    path, client = origin.page("max-age=600"), next(place for place in REGIONS if place.name == "New York")
    far, near = regions.to_origin(client), regions.to_edge(client)
    with closing(connected(far)) as to_far, closing(connected(near)) as to_near:
        there, here = lambda: get(far, path, kept=to_far), lambda: get(near, path, kept=to_near)
        worth = ratio("far ÷ near, time for a page", there, here, pairs=6)

    assert worth.low >= 5


@pytest.mark.benchmark(group="one hit")
def test_the_cost_of_a_hit(edge, origin, benchmark):
    """What a page that each edge has costs a client that keeps its connection."""
    path = origin.page("max-age=600")
    with closing(connected(edge)) as connection:
        assert benchmark(get, edge, path, kept=connection).body == "1"

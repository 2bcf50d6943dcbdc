"""Proxies · forward and reverse

Problem        Clients and servers that speak with each other directly know each other's addresses, and each of them has to be fit for
               the open network: safe, encrypted, compressed, limited.
Idea           A go-between. A forward proxy asks in the place of its clients; a reverse proxy answers in the place of its servers.
Guarantees     Behind a forward proxy no origin learns of a client, and no client reaches what is blocked. Behind a reverse proxy no
               client learns of a backend; TLS ends there; what is ambiguous goes no further; no message is held in memory as a whole.
Trade-off      One hop more, and one thing more whose death is the death of everything behind it. An upload reaches its backend only
               once the proxy has all of it, on disk.
Not shown      Caches (23); spreading load, and trying again (13); HTTP/2; WebSockets; hosts that are blocked by their addresses;
               proxies that ask their clients who they are.
Sources        RFC 9110 §3.7, §7.6 (intermediaries, fields of one connection), §9.3.6 (CONNECT); RFC 9112 §3.2.2, §6.3, §11.2
               (targets, lengths, smuggling); RFC 7239 (Forwarded); RFC 6585 §5 (431)
Implementation src/sysdesign/networking/proxies
Engines        reverse: ours · nginx; forward: ours · squid
"""

import gzip
import json
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from socket import create_connection
from threading import Event
from urllib.parse import urlsplit

import pytest

from fixtures.clients import connected
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.gateways import send
from fixtures.memory import grown
from fixtures.proxies import BLOCKED, BLOG, CLIENT, LARGE_BYTES, SECRET, SHOP, STYLE, TRUSTED, Stages, ask, half, lane
from fixtures.smuggling import AMBIGUOUS, ATTACK, SMUGGLED, VICTIM, passed_on, refusal

PROXY = "127.0.0.1"
FORGED = "203.0.113.9"
CANARY = "what nobody else should read"
HEAD_BYTES = 16_384
GROWTH_BYTES = 8 * 2**20
FLOWING_BYTES = 2**18
CLIENTS = 50
REVERSE, FORWARD = {"ours": None, "nginx": "nginx"}, {"ours": None, "squid": "squid"}


@pytest.fixture(scope="module")
def stages(servers, authority):
    """Proxies that no test breaks, each started when it is first asked for."""
    with Stages(servers, authority) as stages:
        yield stages


@pytest.fixture(params=engines(FORWARD))
def forward(request, stages):
    """A forward proxy, an origin, and another one that is reached through tunnels."""
    return stages.forward(request.param)


@pytest.fixture(params=engines(REVERSE))
def reverse(request, stages):
    """A reverse proxy before a shop, its API, its static files, and a blog."""
    return stages.reverse(request.param)


@pytest.fixture(params=engines(REVERSE))
def breakable(request, stages):
    """A reverse proxy of the test's own."""
    with stages.another_reverse(request.param) as reverse:
        yield reverse


def test_each_side_sees_its_neighbour_alone(stages, draw):
    """An origin that is asked by a proxy sees the proxy, which tells it of the client only if it stands there for the origin."""
    forward, reverse = stages.forward("ours"), stages.reverse("ours")
    direct = ask(forward.origin, "/").json
    by_forward, by_reverse = forward.ask(f"{forward.origin.url}/").json, reverse.ask("/").json

    ways = {"directly": direct, "by a forward proxy": by_forward, "by a reverse proxy": by_reverse}
    told = {name: way["fields"].get("x-forwarded-for", "nobody") for name, way in ways.items()}
    lanes = [lane(name, client=CLIENT, seen=way["peer"], told=told[name]) for name, way in ways.items()]
    draw.timeline("Who sees whose address", "An origin sees who asks, and of whom that one tells.", lanes, "hop")
    assert {name: way["peer"] for name, way in ways.items()} == dict(zip(ways, (CLIENT, PROXY, PROXY), strict=True))
    assert told == dict(zip(ways, ("nobody", "nobody", CLIENT), strict=True))


def test_an_origin_learns_nothing_of_the_client_behind_a_forward_proxy(forward):
    """An origin gets what was asked for, from the proxy's address, and neither the client's address nor what was meant for the proxy."""
    meant_for_proxy = {
        "Proxy-Authorization": f"Basic {CANARY}",
        "Proxy-Connection": "keep-alive",
        "X-Forwarded-For": CLIENT,
    }
    answer = forward.ask(f"{forward.origin.url}/page?number=2", fields=meant_for_proxy)

    assert (answer.json["target"], answer.json["peer"]) == ("/page?number=2", PROXY)
    assert CLIENT not in answer.body.decode()
    assert CANARY not in answer.body.decode()
    assert "proxy" in answer.json["fields"]["via"]


def test_a_tunnel_carries_what_the_proxy_cannot_read(forward, authority, link, observe):
    """Through a tunnel a client speaks TLS with the origin itself: who listens before or behind the proxy finds no word of it."""
    wire = link(forward.proxy)
    with closing(HTTPSConnection(wire.host, wire.port, context=authority.client_context())) as connection:
        connection.set_tunnel(forward.sealed.host, forward.sealed.port)
        connection.request("POST", "/", CANARY)
        answer = json.load(connection.getresponse())

    heard = [bytes(way.recorded) for end in (wire, forward.sealed) for way in (end.to_server, end.to_client)]
    observe("times that the canary was heard", sum(one.count(CANARY.encode()) for one in heard), "times")
    assert (answer["name"], answer["body"]) == ("sealed", CANARY)
    assert min(map(len, heard)) > len(CANARY)
    assert CANARY.encode() not in b"".join(heard)


def test_what_is_blocked_is_refused_before_anybody_is_asked(forward):
    """A blocked host, however it is written, and a tunnel to a port that is not meant for tunnels, get 403."""
    hosts = (BLOCKED, f"www.{BLOCKED}", f"{BLOCKED.upper()}.")
    before = len(forward.origin.requests)
    plain = [forward.ask(f"http://{host}/").status for host in hosts]
    tunnels = [forward.ask(f"{host}:{forward.sealed.port}", method="CONNECT").status for host in hosts]
    elsewhere = forward.ask(f"127.0.0.1:{forward.origin.port}", method="CONNECT").status

    assert {*plain, *tunnels, elsewhere} == {403}
    assert len(forward.origin.requests) == before
    assert forward.ask(f"{forward.origin.url}/?about={BLOCKED}").status == 200


def test_a_client_of_a_reverse_proxy_never_learns_the_backend(reverse):
    """Neither a redirection that the backend makes to itself nor any field tells its address or what it runs on."""
    backend = f"{reverse.shop.host}:{reverse.shop.port}"
    answer = reverse.ask(f"/moved?to={backend}")

    assert (answer.status, urlsplit(answer.headers["location"]).path) == (302, "/there")
    assert not [value for value in answer.headers.values() if backend in value or "Werkzeug" in value]
    assert "x-powered-by" not in answer.headers


def test_one_address_leads_to_backends_by_host_and_path(reverse):
    """The host and the path decide which backend is asked; a host that is not there is told so by 421."""
    asked = {(SHOP, "/"): "shop", (SHOP, "/api/orders"): "api", (SHOP, "/apis"): "shop", (BLOG, "/api/orders"): "blog"}
    answers = {place: reverse.ask(place[1], place[0]).body.decode() for place in asked}

    assert {place: body if body == "api" else json.loads(body)["name"] for place, body in answers.items()} == asked
    assert reverse.ask("/", "elsewhere.example").status == 421


def test_tls_ends_at_the_reverse_proxy(reverse, authority):
    """The client checks the proxy's certificate; the backend gets the request in the clear, and is told that it was sealed before."""
    before = reverse.shop.to_server.recorded.count(CANARY.encode())
    answer = reverse.ask_sealed("/", authority, method="POST", body=CANARY.encode())

    assert answer.json["fields"]["x-forwarded-proto"] == "https"
    assert answer.json["body"] == CANARY
    assert reverse.shop.to_server.recorded.count(CANARY.encode()) == before + 1


def test_fields_of_one_connection_end_with_it(reverse):
    """What a client and a backend say of their own connections goes no further; all else does, and Via names the proxy."""
    hop = {
        "TE": "trailers",
        "Keep-Alive": "timeout=5",
        "Proxy-Connection": "keep-alive",
        "Upgrade": "h2c",
        "Trailer": "X",
    }
    answer = reverse.ask(
        "/", fields={**hop, "Connection": "keep-alive, Upgrade", "X-End": "to end", "Via": "1.0 first"}
    )
    arrived = answer.json["fields"]

    assert not {"connection", *map(str.lower, hop)} & arrived.keys()
    assert (arrived["x-end"], arrived["via"]) == ("to end", "1.0 first, 1.1 proxy")
    assert "keep-alive" not in answer.headers
    assert answer.headers["via"] == "1.1 proxy"


@pytest.mark.differs({"nginx": "it does not look into Connection"})
def test_fields_that_connection_names_end_with_it_too(reverse):
    """A field that its sender names in Connection is about this connection, whatever it is called."""
    answer = reverse.ask("/", fields={"Connection": "X-Hop", "X-Hop": "1"})

    assert "x-hop" not in answer.json["fields"]
    assert "x-internal" not in answer.headers


def test_only_a_trusted_proxy_is_believed_about_its_client(reverse):
    """A backend learns the client's address as the proxy has seen it; what the client says instead counts only from a trusted proxy."""
    forged = dict.fromkeys(("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"), FORGED)
    forged |= {"Forwarded": f"for={FORGED}", "X-Forwarded-Proto": "https"}
    stranger, trusted = (reverse.ask("/", source=source, fields=forged) for source in (CLIENT, TRUSTED))

    assert FORGED not in stranger.body.decode()
    assert stranger.json["fields"]["x-forwarded-for"] == CLIENT
    assert stranger.json["fields"]["forwarded"].startswith(f"for={CLIENT};")
    assert stranger.json["fields"]["x-forwarded-proto"] == "http"
    assert trusted.json["fields"]["x-forwarded-for"] == f"{FORGED}, {TRUSTED}"
    assert trusted.json["fields"]["forwarded"].startswith(f"for={FORGED}, for={TRUSTED};")


def test_static_files_cost_the_backend_nothing(reverse, stages, observe):
    """Files come from the proxy itself, compressed for those who can read it, and none from beside their folder."""
    before = len(stages.backends.shop.requests)
    plain = reverse.ask("/static/style.css")
    compressed = reverse.ask("/static/style.css", fields={"Accept-Encoding": "gzip"})
    hits = len(stages.backends.shop.requests) - before
    beside = [reverse.ask(path) for path in ("/static/../secret", "/static/..%2fsecret", "/static/%2e%2e/secret")]

    observe("backend hits for two files", hits, "requests")
    observe("size of a compressed file", 100 * len(compressed.body) / len(plain.body), "%")
    assert plain.body == gzip.decompress(compressed.body) == STYLE
    assert compressed.headers["vary"] == "Accept-Encoding"
    assert len(compressed.body) < len(plain.body) / 10
    assert hits == 0
    assert SECRET not in b"".join(answer.body for answer in beside)


def test_what_is_large_passes_through_little_memory(reverse, stages, observe):
    """While 64 MiB go up and 64 MiB come down, the proxy grows by 8 MiB at most."""
    reverse.ask("/api/")
    with grown(reverse.proxy.worker) as growth, stages.backends.large.open("rb") as large:
        up = reverse.ask("/api/up", method="POST", body=large, fields={"Content-Length": str(LARGE_BYTES)})
        down = reverse.ask("/api/large")

    observe("growth of the proxy", growth.peak_bytes / 2**20, "MiB")
    assert (up.status, len(down.body)) == (200, LARGE_BYTES)
    assert eventually(lambda: [size >= LARGE_BYTES for _, size in stages.backends.delivered("/api/up")])[-1]
    assert growth.peak_bytes <= GROWTH_BYTES


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
def test_an_answer_flows_and_one_that_breaks_off_is_not_taken_for_whole(reverse, stages, chunked):
    """The first half arrives while the backend still holds the other; when the backend is lost in between, the client is told."""
    gate = Event()
    stages.backends.shop.plan = iter([half(gate, FLOWING_BYTES, chunked=chunked)])
    try:
        with closing(reverse.connect()) as connection:
            connection.request("GET", "/", headers={"Host": SHOP})
            answer = connection.getresponse()
            arrived = len(answer.read(FLOWING_BYTES // 4))
            reverse.shop.cut()
            with pytest.raises((HTTPException, OSError)):
                answer.read()
    finally:
        gate.set()
        reverse.shop.heal()

    assert arrived == FLOWING_BYTES // 4


def test_many_clients_share_few_connections_to_a_backend(reverse, stages, observe):
    """Fifty clients that come and go cost the backend one connection."""
    target = f"/api/{reverse.proxy.port}"
    statuses = {reverse.ask(target).status for _ in range(CLIENTS)}
    noted = eventually(lambda: seen if len(seen := stages.backends.delivered(target)) == CLIENTS else None)
    connections = {number for number, _ in noted}

    observe("backend connections ÷ client connections", len(connections) / CLIENTS)
    assert statuses == {200}
    assert len(connections) == 1


NGINX_TAKES = {
    "LF at the end of a field": "it takes LF for the end of a line, and writes CRLF",
    "two blanks in the first line": "it takes many blanks for one, and writes one",
}
CASES = [
    pytest.param(
        sent, id=name, marks=[pytest.mark.differs({"nginx": NGINX_TAKES[name]})] if name in NGINX_TAKES else []
    )
    for name, sent in AMBIGUOUS.items()
]


@pytest.mark.parametrize("sent", CASES)
def test_an_ambiguous_request_is_refused_and_nothing_behind_it_is_read(reverse, sent, observe):
    """What two servers could read in two ways is refused, and its connection ends: no backend sees what hides behind it."""
    before = len(reverse.shop.to_server.recorded)
    told = refusal(reverse.proxy, sent + SMUGGLED)

    observe("told", told)
    assert told in {"400", "501"}
    assert b"/smuggled" not in reverse.shop.to_server.recorded[before:]


def test_a_head_over_the_limit_is_refused(reverse):
    """Fields that are larger than the proxy takes get 431; smaller ones pass."""
    statuses = [reverse.ask("/", fields={"X-Large": "a" * size}).status for size in (HEAD_BYTES // 4, HEAD_BYTES)]

    assert statuses == [200, 431]


def test_a_backend_that_is_dead_or_slow_is_told_apart_and_harms_no_other(reverse):
    """For a dead backend the answer is 502, for a silent one 504, each in good time; the others answer meanwhile."""
    statuses = []
    for harm in (reverse.blog.cut, reverse.blog.stall):
        harm()
        statuses.append((reverse.ask("/", BLOG).status, reverse.ask("/").status))
        reverse.blog.heal()
        assert eventually(lambda: reverse.ask("/", BLOG).status == 200)

    assert statuses == [(502, 200), (504, 200)]


def test_when_the_proxy_dies_nothing_behind_it_can_be_reached(breakable, stages):
    """The single point of failure: with the proxy dead, no backend is reached, however well each is; with it back, all are."""
    shown = []
    for change in (lambda: None, breakable.proxy.server.kill, breakable.proxy.server.start):
        change()
        shown.append([breakable.ask("/", host).status for host in (SHOP, BLOG)])
        assert ask(stages.backends.shop, "/").status == 200

    assert shown == [[200, 200], [0, 0], [200, 200]]


def test_a_proxy_that_reads_only_the_length_gives_a_strangers_answer_to_the_next_client(app):
    """Counterexample: one server believes the length, the next one the chunks, and the second client gets what the first has asked for."""
    backend = app("fixtures.smuggling:path_teller")
    with create_connection((backend.host, backend.port), timeout=5.0) as kept:
        answers = [passed_on(kept, ATTACK), passed_on(kept, VICTIM)]

    assert answers == ["/", "/of-the-attacker"]


@pytest.mark.benchmark(group="one request through a reverse proxy")
def test_the_cost_of_one_request(reverse, benchmark):
    """What one request through each reverse proxy costs a client that keeps its connection."""
    with closing(reverse.connect()) as kept:
        assert benchmark(send, reverse.proxy, "/api/", kept=kept, headers={"Host": SHOP}).status == 200


@pytest.mark.benchmark(group="one request through a forward proxy")
def test_the_cost_of_one_request_to_an_origin(forward, stages, benchmark):
    """What one request through each forward proxy costs a client that keeps its connection."""
    url = f"{stages.backends.warehouse.url}/api/"
    with closing(connected(forward.proxy)) as kept:
        assert benchmark(send, forward.proxy, url, kept=kept).status == 200

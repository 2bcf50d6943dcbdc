"""HTTP and HTTPS · sealed, and proved

Problem        HTTP can be read and altered by anyone on the way, and nobody knows who has answered.
Idea           A handshake before the first word: the server proves its name by a certificate that somebody trusted has signed, and both
               sides agree on keys that nobody else can know. All that follows is sealed by them.
Guarantees     Who listens reads no word; who alters one byte ends the connection; who cannot prove the name that was asked for gets
               nothing. No version and no cipher that is known to be weak is spoken.
Trade-off      A round trip more and the work of a signature, which resumption saves, but for certificates that nobody looks at again.
               Certificates expire, and have to be renewed while the server runs.
Not shown      Certificates that were revoked; Certificate Transparency; who gives out certificates (ACME); the list of hosts that browsers
               bring along (HSTS preload); early data (0-RTT); HTTP/2 and HTTP/3. Sizes, times and the server's name are not sealed.
Sources        RFC 8446 (TLS 1.3), RFC 5246 (TLS 1.2), RFC 9325 (what of them is safe), RFC 8996 (what no longer is); RFC 5280 §6,
               RFC 9525 (certificates and names); RFC 6066 §3 (SNI); RFC 7301 (ALPN); RFC 6797 (HSTS); RFC 9110 §4.2.2
Implementation src/sysdesign/networking/https
Engines        ours (Python's ssl) · nginx
"""

import functools
import json
import ssl
import time
from collections import Counter
from contextlib import ExitStack
from socket import create_connection
from types import SimpleNamespace

import pytest

from fixtures.endpoints import served_endpoints
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.scans import NO_CIPHERS, NUMBERS, VERSIONS, scan
from fixtures.sites import (
    BLOG,
    HTTP_PORT,
    IMPOSTORS,
    MUTUAL_PORT,
    NEWS,
    PLAIN,
    SHOP,
    TLS_PORT,
    captures,
    flipped,
    handshake,
    impostor,
    lanes,
    only,
    outcome,
    served_sites,
    shake,
    weak_context,
)
from sysdesign.networking.https import Client, Hsts, Policy, Reason, client_context, parse

PASSWORD = b"correct horse battery staple"
CONNECTIONS = 20
PATIENCE_SECONDS = 2.0  # of a client beside whom another one is silent
FLIPS = 8  # bytes, spread over the end of a page
PAGE_BYTES = 80
YEAR_SECONDS = 31_536_000
MUTUAL = f"https://{SHOP}:{MUTUAL_PORT}/"
TLS_1_2 = ssl.TLSVersion.TLSv1_2


@pytest.fixture(scope="module")
def served(servers, authority, tmp_path_factory):
    """The sites on each engine, started when they are first needed."""
    with ExitStack() as stack:

        @functools.cache
        def serve(engine):
            return stack.enter_context(served_sites(engine, servers, authority, tmp_path_factory.mktemp(engine)))

        yield serve


@pytest.fixture(params=engines({"ours": None, "nginx": "nginx"}))
def sites(request, served):
    """The sites on one of the engines."""
    return served(request.param)


@pytest.fixture
def endpoint():
    """A factory of servers that are not who or not how they should be, and note what they get."""
    with served_endpoints() as make:
        yield make


def test_a_password_is_readable_on_the_way_only_if_it_is_not_sealed(sites, link, observe, draw):
    """Who listens on the wire finds the password once in what went by HTTP, and nowhere in what went by HTTPS."""
    ways = {"HTTP": (f"http://{PLAIN}/login", HTTP_PORT), "HTTPS": (f"https://{SHOP}/login", TLS_PORT)}
    heard, statuses = {}, []
    for name, (url, port) in ways.items():
        wire = link(sites.places[port])
        statuses.append(outcome(sites.client(through=wire), url, b"password=" + PASSWORD))
        heard[name] = bytes(wire.to_server.recorded)
    found = {name: captured.count(PASSWORD) for name, captured in heard.items()}

    observe("passwords heard by HTTP", found["HTTP"])
    observe("passwords heard by HTTPS", found["HTTPS"])
    series, shade = captures(heard, PASSWORD)
    caption = "HTTP is text, of bytes from 32 to 126; HTTPS is a handshake, and then noise of all values."
    draw("What a listener captures", caption, series, "byte", "value", kind="points", bands=shade)
    assert statuses == [200, 200]
    assert found == {"HTTP": 1, "HTTPS": 0}


def test_the_certificate_tells_who_answers_and_who_says_so(sites, authority):
    """The chain leads from the name that was asked for to an authority that is trusted, each with its dates and its fingerprint."""
    fingerprint = sites.renew(NEWS)
    chain = sites.client().request("GET", f"https://{NEWS}/").seal.chain

    assert [certificate.subject for certificate in chain[1:]] == [certificate.issuer for certificate in chain[:-1]]
    assert chain[-1].subject == chain[-1].issuer
    assert (chain[0].names, chain[0].fingerprint) == ((NEWS,), fingerprint)
    assert len({certificate.fingerprint for certificate in chain}) == len(chain) == 3
    assert all(certificate.not_before <= time.time() < certificate.not_after for certificate in chain)


def test_both_sides_agree_on_the_newest_version_and_a_cipher(sites, draw):
    """The handshake settles the version and the cipher, and with TLS 1.3 not even the certificate can be read on the way."""
    clients = {"TLSv1.3": sites.client(), "TLSv1.2": sites.client(newest=TLS_1_2)}
    answers = [client.request("GET", f"https://{SHOP}/") for client in clients.values()]
    messages = {version: handshake(client, f"https://{BLOG}/") for version, client in clients.items()}
    readable = {version: {one.name for one in said if not one.sealed} for version, said in messages.items()}

    draw.timeline("The handshake", "Who says what, and whether a listener can read it.", lanes(messages), "message")
    told = [json.loads(answer.body) for answer in answers]
    assert [(one["protocol"], one["cipher"]) for one in told] == [tuple(answer.seal[:2]) for answer in answers]
    assert [one["protocol"] for one in told] == list(clients)
    assert readable["TLSv1.3"] == {"ClientHello", "ServerHello"}
    assert "Certificate" in readable["TLSv1.2"]


def test_no_weak_version_and_no_weak_cipher_is_taken(sites, observe):
    """Of all versions from SSL 2 on, each with all 65,534 numbers that a cipher can have, only what is known to be safe is taken."""
    host, port = sites.places[TLS_PORT]
    found = scan(SimpleNamespace(host=host, port=port), SHOP)

    observe("ciphers offered, over all versions", found.ciphers_offered)
    observe("ciphers taken", len(found.taken))
    assert found.ciphers_offered == len(VERSIONS) * (NUMBERS - len(NO_CIPHERS))
    assert found.versions == {"TLSv1.2", "TLSv1.3"}
    assert found.weak == []


def test_what_is_weak_does_not_escape_the_scan(endpoint, authority, observe):
    """Counterexample: a server on the settings of twenty years ago is found out, with its old versions, and ciphers that hide nothing."""
    found = scan(endpoint(tls=weak_context(authority, SHOP)), SHOP)

    observe("what is weak", len(found.weak), "versions and ciphers")
    assert {"TLSv1", "TLSv1.1", "TLSv1.2 NULL-SHA256", "TLSv1 AECDH-NULL-SHA", "TLSv1.2 AES128-SHA"} <= set(found.weak)


@pytest.mark.parametrize("reason", IMPOSTORS)
def test_whoever_cannot_be_trusted_is_refused_for_a_reason_of_its_own(endpoint, authority, reason):
    """A server that cannot prove its name or speak safely is refused for that very reason, before it has got a single word."""
    server = endpoint(tls=impostor(reason, authority))
    told = outcome(Client(client_context(authority.root), network=only(server)), f"https://{SHOP}/login", PASSWORD)

    assert told == Reason[reason]
    assert server.requests == []


def test_http_leads_to_https_and_nowhere_else(sites):
    """Who asks in the clear is sent to the same page by HTTPS, gets no policy that could be forged, and is never sent to another host."""
    client = sites.client()
    with client.connect(f"http://{SHOP}/") as connection:
        answer = connection.request("GET", "/orders?page=2")

    assert (answer.status, answer.headers["location"]) == (308, f"https://{SHOP}/orders?page=2")
    assert "strict-transport-security" not in answer.headers
    assert outcome(client, "http://elsewhere.example/") == 421


def test_who_was_told_so_by_https_never_asks_in_the_clear_again(sites, clock, observe):
    """After one answer by HTTPS, http:// means HTTPS for this client, for all names below too, until the time is up."""
    client = sites.client(clock=clock)
    first, before = client.request("GET", f"http://{SHOP}/"), sites.wires[HTTP_PORT].connections
    again = [client.request("GET", f"http://{SHOP}/").url for _ in range(CONNECTIONS)]
    in_the_clear = sites.wires[HTTP_PORT].connections - before
    clock.advance(YEAR_SECONDS - 1)
    lasts = client.hsts.covers(f"www.{SHOP}")
    clock.advance(1)

    observe("connections in the clear after the first answer by HTTPS", in_the_clear)
    assert first.url == f"https://{SHOP}/"
    assert set(again) == {f"https://{SHOP}/"}
    assert in_the_clear == 0
    assert (lasts, client.hsts.covers(SHOP)) == (True, False)


def test_a_thief_in_the_clear_gets_the_first_visit_and_no_other(sites, endpoint, clock, observe):
    """Limit: who asks by HTTP may be answered by a thief, whose policy is not believed; who was there before asks by HTTPS."""
    from werkzeug.wrappers import Response

    thief = endpoint(Response("forged", headers=[("Strict-Transport-Security", "max-age=31536000")]))
    client = sites.client(clock=clock)
    believed, honest, way = [], client.network, only(thief)
    for network, scheme in ((way, "http"), (honest, "https"), (way, "http")):
        client.network = network
        outcome(client, f"{scheme}://{SHOP}/", PASSWORD)
        believed.append(client.hsts.covers(SHOP))

    observe("passwords stolen in two visits by http://", len(thief.requests))
    assert believed == [False, True, True]
    assert len(thief.requests) == 1


FIELDS = {
    "max-age=31536000": Policy(31_536_000),
    'MAX-AGE="10" ; includeSubDomains;': Policy(10, subdomains=True),
    "max-age=10; preload; extra=1": Policy(10),
    "max-age=0": Policy(0),
    "includeSubDomains": None,
    "max-age=ten": None,
    "max-age=-1": None,
    "max-age=1; max-age=2": None,
    "max-age=1; includeSubDomains=yes": None,
    "max-age=1 includeSubDomains": None,
}


def test_a_policy_counts_as_a_whole_or_not_at_all(clock):
    """A policy that breaks the rules is ignored; a host may withdraw its own; an address cannot have one."""
    hsts = Hsts(clock)
    for host, field in ((SHOP, "max-age=10"), (BLOG, "max-age=10"), ("127.0.0.1", "max-age=10"), (BLOG, "max-age=0")):
        hsts.note(host, [field], sealed=True)

    assert {field: parse(field) for field in FIELDS} == FIELDS
    assert [host for host in (SHOP, f"www.{SHOP}", BLOG, "127.0.0.1") if hsts.covers(host)] == [SHOP]
    assert hsts.upgrade(f"http://{SHOP}:80/a?b#c") == f"https://{SHOP}/a?b#c"
    assert hsts.upgrade(f"http://{SHOP}:8080/") == f"https://{SHOP}:8080/"


def test_one_address_shows_the_certificate_of_the_name_that_is_asked_for(sites):
    """The client says in its first message whom it wants; a name that is not there is refused, and so is none."""
    client = sites.client()
    outcomes = [outcome(client, f"https://{name}/") for name in (SHOP, BLOG, "elsewhere.example")]
    nameless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    nameless.check_hostname, nameless.verify_mode = False, ssl.CERT_NONE

    assert outcomes == [200, 200, Reason.UNKNOWN_NAME]
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        shake(sites.places[TLS_PORT], nameless, None)


def test_both_sides_agree_on_what_is_spoken_inside(sites, authority):
    """Of the protocols that a client offers, the server takes the one that it speaks."""
    context = authority.client_context()
    context.set_alpn_protocols(["spdy/1", "http/1.1"])

    assert shake(sites.places[TLS_PORT], context, SHOP) == "http/1.1"
    assert sites.client().request("GET", f"https://{SHOP}/").seal.spoken == "http/1.1"


@pytest.mark.differs({"ours": "Python's ssl goes on without a protocol where RFC 7301 wants the end of the handshake"})
def test_who_speaks_nothing_that_the_server_does_is_refused(sites, authority):
    """A client that offers only protocols which the server does not speak is refused in the handshake."""
    context = authority.client_context()
    context.set_alpn_protocols(["imap"])

    with pytest.raises(ssl.SSLError, match=r"(?i)no.application.protocol"):
        shake(sites.places[TLS_PORT], context, SHOP)


def test_a_client_has_to_prove_its_name_too_where_that_is_asked_for(sites):
    """Mutual TLS: with no certificate, or one of a foreign authority, nobody gets in, nor by resuming from elsewhere."""
    answer = sites.client(own="alice").request("GET", MUTUAL)
    nobody, stranger = outcome(sites.client(), MUTUAL), outcome(sites.client(own="mallory"), MUTUAL)
    sneaks = sites.client()
    sneaks.request("GET", f"https://{SHOP}/")
    sneaks.sessions.keep((SHOP, MUTUAL_PORT), *sneaks.sessions.get((SHOP, TLS_PORT)))

    assert (answer.status, json.loads(answer.body)["client"]) == (200, "alice")
    assert {nobody, outcome(sneaks, MUTUAL)} <= {400, Reason.CERTIFICATE_REQUIRED}
    assert stranger in {400, Reason.CERTIFICATE_REFUSED}


@pytest.mark.differs({"nginx": "it completes the handshake, and answers 400 to what is then asked"})
def test_a_client_that_proves_nothing_does_not_get_through_the_handshake(sites):
    """A client without a certificate, or with a wrong one, is refused by TLS itself, for its own reason."""
    outcomes = [outcome(client, MUTUAL) for client in (sites.client(), sites.client(own="mallory"))]

    assert outcomes == [Reason.CERTIFICATE_REQUIRED, Reason.CERTIFICATE_REFUSED]


@pytest.mark.parametrize("newest", [None, TLS_1_2], ids=["newest", "TLS 1.2"])
def test_who_was_there_before_need_not_shake_hands_in_full(sites, newest, observe):
    """A client that keeps what the server gave it makes one full handshake for twenty connections; one that forgets makes twenty."""
    wire = sites.wires[TLS_PORT].to_client
    keeps, full, size = sites.client(newest=newest), {}, {}
    clients = {"kept": lambda: keeps, "forgotten": lambda: sites.client(newest=newest)}
    for name, client in clients.items():
        before = wire.passed
        answers = [client().request("GET", f"https://{SHOP}/") for _ in range(CONNECTIONS)]
        size[name] = wire.passed - before
        full[name] = sum(not json.loads(answer.body)["resumed"] for answer in answers)

    observe("full handshakes of a client that keeps", full["kept"])
    observe("full handshakes of a client that forgets", full["forgotten"])
    observe("bytes from the server, kept ÷ forgotten", size["kept"] / size["forgotten"])
    assert full == {"kept": 1, "forgotten": CONNECTIONS}
    assert size["kept"] < size["forgotten"]


def test_one_byte_that_is_flipped_on_the_way_ends_a_sealed_connection(sites, link, thoroughness, observe):
    """A man in the middle flips one byte: HTTP hands over the altered page, TLS hands over nothing, whichever way it went."""
    ways = {"HTTP": (f"http://{PLAIN}/", HTTP_PORT), "HTTPS": (f"https://{SHOP}/", TLS_PORT)}
    places = range(1, PAGE_BYTES + 1, PAGE_BYTES // min(FLIPS * thoroughness, PAGE_BYTES))  # from the end of the page
    met = {
        name: Counter(flipped(sites, link(sites.places[port]), url, place) for place in places)
        for name, (url, port) in ways.items()
    }
    to_server = flipped(sites, link(sites.places[TLS_PORT]), f"https://{SHOP}/", to_server=len(PASSWORD))

    for name, outcomes in met.items():
        observe(f"altered pages handed over by {name}", outcomes["altered"], f"of {len(places)}")
    assert met == {"HTTP": {"altered": len(places)}, "HTTPS": {Reason.ALTERED: len(places)}}
    assert to_server == Reason.ALTERED


def test_a_certificate_that_expires_while_the_server_runs_is_noticed(sites):
    """New connections are refused from the second on in which the certificate expires, resumed ones too; one that is open goes on."""
    client = sites.client()
    opened = eventually(lambda: sites.renew(NEWS, brief=True) and client.connect(f"https://{NEWS}/"))
    with opened:
        opened.request("GET", "/")
        assert eventually(lambda: outcome(sites.client(), f"https://{NEWS}/") == Reason.EXPIRED)
        knows_it = outcome(client, f"https://{NEWS}/")
        goes_on = opened.request("GET", "/").status
    sites.renew(NEWS)

    assert (knows_it, goes_on) == (Reason.EXPIRED, 200)
    assert outcome(client, f"https://{NEWS}/") == 200


def test_a_renewed_certificate_is_used_at_once_and_drops_nobody(sites):
    """The next connection sees the new certificate, while one that is open goes on with the old."""
    before = sites.renew(NEWS)
    with sites.client().connect(f"https://{NEWS}/") as kept:
        statuses = [kept.request("GET", "/").status]
        after = sites.renew(NEWS)
        newer = sites.client().request("GET", f"https://{NEWS}/").seal.chain[0]
        statuses += [kept.request("GET", "/").status for _ in range(CONNECTIONS)]

    assert set(statuses) == {200}
    assert (kept.seal.chain[0].fingerprint, newer.fingerprint) == (before, after)


@pytest.mark.differs({"nginx": "it reads the file in each handshake, and has no other certificate to fall back on"})
def test_a_renewal_that_went_wrong_leaves_the_certificate_in_place(sites):
    """When the new file cannot be used, the server goes on with the certificate that it has."""
    sites.renew(NEWS)
    outcomes = [outcome(sites.client(), f"https://{NEWS}/")]
    sites.replace(NEWS, b"half of a certificate")
    outcomes += [outcome(sites.client(), f"https://{NEWS}/")]
    sites.renew(NEWS)

    assert outcomes == [200, 200]


def test_who_connects_and_says_nothing_holds_up_nobody(sites):
    """Clients that never shake hands, or that say what is no handshake, leave the server free for all others."""
    with ExitStack() as stack:
        silent = [stack.enter_context(create_connection(sites.places[TLS_PORT])) for _ in range(CONNECTIONS)]
        for one in silent[1::2]:
            one.sendall(b"GET / HTTP/1.0\r\n\r\n")

        assert outcome(sites.client(patience=PATIENCE_SECONDS), f"https://{SHOP}/") == 200


def test_without_a_look_at_the_certificate_the_seal_protects_the_thief(endpoint, authority, observe):
    """Counterexample: a client that verifies nobody hands its password to whoever is in the middle, well encrypted."""
    thief = endpoint(tls=impostor("SELF_SIGNED", authority))
    blind = client_context(authority.root)
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    outcomes = [
        outcome(Client(how, network=only(thief)), f"https://{SHOP}/login", PASSWORD)
        for how in (blind, client_context(authority.root))
    ]

    observe("passwords stolen from the client that does not look", len(thief.requests))
    assert outcomes == [204, Reason.SELF_SIGNED]
    assert [request.body for request in thief.requests] == [PASSWORD]


WAYS = {"in the clear": f"http://{PLAIN}/", "resumed": f"https://{SHOP}/", "in full": f"https://{SHOP}/"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.benchmark(group="one request on a connection of its own")
def test_the_cost_of_a_connection(sites, way, benchmark):
    """What a connection with one request costs, in the clear, sealed after a handshake in full, and after one that was resumed."""
    client = sites.client()
    setup = client.sessions._kept.clear if way == "in full" else None

    assert benchmark.pedantic(client.request, ("GET", WAYS[way]), setup=setup, rounds=30, warmup_rounds=2).status == 200

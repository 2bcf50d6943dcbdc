"""IP addresses and DNS · who answers for a name, and for how long

Problem        Machines find each other by number. People remember names, and the numbers behind them change.
Idea           Each part of the names is answered for by somebody who knows it, and names who knows more. Whoever has asked
               remembers the answer for as long as it says.
Guarantees     Within its lifetime an answer costs one question, however many ask; from its end on the truth is seen. That a
               name does not exist is told from that it has no such record. A packet is an answer only if it comes from the
               server that was asked, to the port that asked, with the question's number, name and type.
Trade-off      A change is seen when the last copy has ended, not before: short lifetimes cost questions, long ones truth.
Not shown      DNSSEC, which would prove who has said it; DNS over TLS and HTTPS; nameservers that are named without an
               address; internationalised names.
Sources        RFC 1034, 1035; RFC 2308, 9077 (absence); RFC 2782 (SRV); RFC 5452 (forged answers); RFC 6724 (order of
               addresses); RFC 7766 (TCP); RFC 8767 (stale answers); RFC 9520 (failures)
Implementation src/sysdesign/networking/dns
Engines        our resolver and dnspython's, each before our zone server and before Knot DNS
"""

import itertools
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from fixtures import nameservers as stage
from fixtures.engines import engines
from fixtures.nameservers import ask_once, asked, forgeries, lie, outcome
from sysdesign.networking import dns as ours

SERVERS = {"zone server": None, "knot": "knot"}
ENGINES = {f"{name} → {kind}": server for name in ("ours", "dnspython") for kind, server in SERVERS.items()}
RESOLVERS = {"ours → zone server": None, "dnspython → knot": "knot"}  # where it does not matter who is asked
WWW, ADDRESS = "www.example.test", "192.0.2.10"
LIE = "203.0.113.66"
TTL_SECONDS, CHANGE_SECONDS = 300, 120
SHORT_SECONDS = 0.15  # patience with a server that may be dead
STALE_SECONDS, STALE_TTL_SECONDS = 86_400, 30
LONGEST_LABEL = 63  # octets
PACKETS, CLIENTS = 10_000, 4_000
CACHED_RATIO = 100  # how many times as much a lookup costs over a link of 20 ms, at least


def dnspython_differs(reason):
    return pytest.mark.differs({name: reason for name in ENGINES if name.startswith("dnspython")})


each_resolver = pytest.mark.parametrize("pair", engines(RESOLVERS), indirect=True)


@pytest.fixture(scope="module")
def nameservers(servers):
    """The authoritative servers of all tests, each started when it is wanted first: zone_server, knot, child, killed."""
    with stage.Nameservers(servers) as started:
        yield started


@pytest.fixture(params=engines(ENGINES))
def pair(request):
    """The names of a resolver and of the kind of server that it asks."""
    return request.param.split(" → ")


@pytest.fixture
def authority(nameservers, pair):
    """The server that knows the names; whatever a test does to it is undone."""
    authority = nameservers.of_kind(pair[1])
    yield authority
    authority.restore()


@pytest.fixture
def wire(authority, datagram_link):
    """The way to the server; what comes this way has reached it."""
    return datagram_link(authority)


@pytest.fixture
def make_resolver(pair, clock):
    """A factory of resolvers on the engine under test, whose time the test moves."""
    with stage.resolvers(pair[0], clock) as make:
        yield make


@pytest.fixture
def resolver(make_resolver, wire):
    return make_resolver(wire)


@pytest.fixture(params=engines(SERVERS))
def server(request, nameservers):
    """An authoritative server, asked by nobody but the test."""
    return nameservers.of_kind(request.param)


def test_socket_and_dnspython_find_the_addresses_of_a_name(observe):
    """Any program finds the addresses of a name, and gets those first that its machine can reach, whatever the server's order."""
    from fixtures.sealed import looked_up

    found = looked_up(stage.ZONES, "both.example.test")

    observe("socket.getaddrinfo", " · ".join(found["getaddrinfo"]))
    observe("first of dns.resolver's addresses, eight times", " · ".join(told[0] for told in found["dns.resolver"]))
    assert {"127.0.0.1", "192.0.2.99"} <= set(found["getaddrinfo"]) <= {"127.0.0.1", "192.0.2.99", "::1"}
    assert found["getaddrinfo"][-1] == "192.0.2.99"  # nobody there has a way to it
    assert {tuple(sorted(told)) for told in found["dns.resolver"]} == {("127.0.0.1", "192.0.2.99")}


def test_each_type_of_record_is_found_and_two_kinds_of_nothing_are_told_apart(resolver):
    """A name has addresses, aliases, mail servers and more; that there is no such name is another answer than no such record."""
    questions = {
        (WWW, "A"): [ADDRESS],
        (WWW, "AAAA"): ["2001:db8::10"],
        ("alias.example.test", "CNAME"): ["www.example.test."],
        ("alias.example.test", "A"): [ADDRESS],
        ("example.test", "MX"): ["10 mail.example.test."],
        ("example.test", "TXT"): ['"v=spf1 -all"'],
        ("example.test", "NS"): ["ns1.example.test."],
        (ours.reverse_name(ADDRESS), "PTR"): ["www.example.test."],
        ("whatever.any.example.test", "A"): ["192.0.2.40"],  # by a wildcard
        ("nowhere.example.test", "A"): "NoSuchName",
        ("mail.example.test", "AAAA"): "NoSuchRecord",
        ("_tcp.example.test", "A"): "NoSuchRecord",  # nothing but names below it
    }

    assert {question: outcome(resolver.lookup, *question) for question in questions} == questions


def test_addresses_are_read_strictly_and_told_apart_by_where_they_lead():
    """Which network an address belongs to, and whether it leads anywhere on the internet, is decided by its bits, not by its looks."""
    private = ["10.0.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "fd00::1", "::1", "::ffff:10.0.0.1"]
    public = ["8.8.8.8", "172.32.0.1", "2606:4700::1", "::ffff:8.8.8.8"]
    refused = ["010.0.0.1", "10.1", "256.0.0.1", "1.2.3.4.5", "::1::", "10.0.0.1/8", " 10.0.0.1", ""]

    assert [text for text in private + public if ours.is_private(text)] == private
    assert ours.within("192.0.2.10", "192.0.2.8/29")
    assert not ours.within("192.0.2.16", "192.0.2.8/29", "2001:db8::/32")
    assert ours.within("2001:db8:ffff::1", "2001:db8::/32")
    assert stage.readable(refused) == []


def test_within_its_lifetime_a_name_is_asked_for_once_and_the_lifetime_told_shrinks(resolver, wire, observe):
    """A hundred lookups cost one question, and each tells how long its answer may still be used."""
    first = resolver.lookup(WWW).ttl
    resolver.idle(100)
    later = {resolver.lookup(WWW).ttl for _ in range(99)}

    observe("questions at the server, of 100 lookups", len(wire.questions), "questions")
    assert len(wire.questions) == 1
    assert first == TTL_SECONDS
    assert later <= {TTL_SECONDS - 100, TTL_SECONDS - 101}


def test_a_change_is_not_seen_before_the_old_answer_has_ended(resolver, authority, wire, pair, draw, observe):
    """When a record changes, those who have asked before see the old one until its time is over, and the new one from then on."""
    seen, questions = [], []
    for second in range(0, 720, 60):
        if second == CHANGE_SECONDS:
            authority.change("192.0.2.20", "192.0.2.22")
        before = len(wire.questions)
        seen += [(second, address) for address in resolver.lookup("news.example.test").records]
        questions += [second] * (len(wire.questions) - before)
        resolver.idle(60)

    if pair == ["ours", "zone server"]:  # the others' look the same
        stage.draw_change(draw, seen, CHANGE_SECONDS, questions)
    observe("lookups that saw the old address", sum(address == "192.0.2.20" for _, address in seen), "of 12")
    assert [address for _, address in seen] == ["192.0.2.20"] * 5 + ["192.0.2.22"] * 7
    assert questions == [0, TTL_SECONDS, 2 * TTL_SECONDS]


@pytest.mark.parametrize(("ttl", "minimum"), [(60, 30), (20, 300)])
def test_absence_is_remembered_for_the_lesser_of_two_times(resolver, wire, ttl, minimum):
    """That there is nothing is remembered too, no longer than its zone says, and for no name's type alone if the name is missing."""
    wire.alter, outcomes, questions = stage.with_soa(ttl, minimum), [], []
    for seconds in (0, min(ttl, minimum) - 5, 6):
        resolver.idle(seconds)
        absent = [("nowhere.example.test", "A"), ("nowhere.example.test", "MX"), ("mail.example.test", "AAAA")]
        outcomes.append([outcome(resolver.lookup, *question) for question in absent])
        questions.append(len(wire.questions))

    assert outcomes == [["NoSuchName", "NoSuchName", "NoSuchRecord"]] * 3
    assert questions == [2, 2, 4]


def test_an_answer_that_does_not_fit_a_datagram_is_asked_for_over_a_connection(resolver, wire, observe):
    """An answer that is too large for one packet says so, and is had whole over TCP."""
    found = outcome(resolver.lookup, "large.example.test", "TXT")

    observe("questions over UDP, connections over TCP", f"{len(wire.questions)} · {wire.tcp.connections}")
    assert [record.count('"') for record in found] == [16]
    assert len(found[0]) > 2_000
    assert (len(wire.questions), wire.tcp.connections) == (1, 1)


@dnspython_differs("a stub: it asks those that it was given, and follows no referral")
def test_a_question_is_followed_to_whoever_answers_for_the_name(
    make_resolver, wire, nameservers, datagram_link, observe
):
    """The server of a zone names who answers for the zone below; it is asked once, and not again for each name there."""
    below = datagram_link(nameservers.child)
    resolver = make_resolver(wire, known={"192.0.2.54": below})
    found = [outcome(resolver.lookup, f"{name}.child.example.test") for name in ("deep", "nowhere")]

    observe("questions to the parent", str(asked(wire)))
    observe("questions to the child", str(asked(below)))
    assert found == [["198.51.100.1"], "NoSuchName"]
    assert asked(wire) == ["deep.child.example.test."]
    assert asked(below) == ["deep.child.example.test.", "nowhere.child.example.test."]


def test_of_several_addresses_each_comes_first_in_its_turn(server, observe):
    """Clients that take the first address are spread evenly over all of them."""
    first = Counter(ask_once(server, "pool.example.test", "A", id=number).answer[0][0].address for number in range(30))

    observe("first address, of 30 answers", str(dict(first)))
    assert first == {"192.0.2.31": 10, "192.0.2.32": 10, "192.0.2.33": 10}


def test_clients_of_a_service_are_spread_by_the_weights_of_its_records(server, chance, observe):
    """Of two servers with weights 75 and 25, the first gets three quarters of the clients, and the spare one none while they live."""
    records = [record.to_text() for record in ask_once(server, "_chat._tcp.example.test", "SRV").answer[0]]
    orders = [[target.host.partition(".")[0] for target in ours.in_turn(records, chance)] for _ in range(CLIENTS)]

    shares = Counter(order[0] for order in orders)
    observe("share of the heavier one", 100 * shares["often"] / CLIENTS, "%")
    assert shares["often"] / CLIENTS == pytest.approx(0.75, abs=0.05)
    assert {order[-1] for order in orders} == {"spare"}


@each_resolver
def test_a_malformed_name_is_refused_before_any_packet(resolver, wire):
    """What cannot be a name is never asked for; the longest that can be is."""
    label = "a" * LONGEST_LABEL
    names = [f"{label}a.test", "a..test", ".".join([label] * 4), ".test"]
    refused = [outcome(resolver.lookup, name) for name in names]

    assert refused == ["BadName"] * 4
    assert wire.questions == []
    assert outcome(resolver.lookup, f"{label}.example.test") == "NoSuchName"


def test_names_that_lead_to_each_other_come_to_an_end(resolver, wire):
    """Two aliases that point at each other cost one question, and a clear error."""
    assert outcome(resolver.lookup, "loop.example.test") == "Unanswered"
    assert asked(wire) == ["loop.example.test."]


def test_servers_that_refer_ever_further_down_are_followed_for_so_long_only(nameservers, datagram_link, clock, observe):
    """A server that names a next one without end costs a bounded number of questions, and a clear error."""
    wire = datagram_link(nameservers.zone_server)
    wire.alter = stage.referring_ever_deeper("192.0.2.54")
    with stage.resolvers("ours", clock) as make:
        found = outcome(make(wire, known={"192.0.2.54": wire}).lookup, f"{'a.' * 30}example.test")

    observe("questions of one lookup", len(wire.questions), "questions")
    assert found == "Unanswered"
    assert len(wire.questions) == ours.Rules().questions


@each_resolver
@dnspython_differs("each thread asks for itself")
def test_many_who_ask_at_the_same_time_cost_one_question(make_resolver, authority, datagram_link, observe):
    """Sixteen threads that want the same name at once wait for one answer."""
    wire = datagram_link(authority, delay_ms=20)
    resolver, gate = make_resolver(wire), Barrier(16)

    def look_up(_):
        gate.wait()
        return outcome(resolver.lookup, WWW)

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(look_up, range(16)))

    observe("questions of 16 threads", len(wire.questions), "questions")
    assert found == [[ADDRESS]] * 16
    assert len(wire.questions) == 1


@pytest.fixture(params=["killed", "paused"])
def dead_server(request, nameservers):
    """A server that is gone, or one that is stopped in mid-step until the test is over."""
    if request.param == "killed":
        yield nameservers.killed
    else:
        nameservers.child.server.pause()
        yield nameservers.child
        nameservers.child.restore()


@each_resolver
def test_when_the_first_server_is_dead_the_second_answers(make_resolver, dead_server, wire):
    """A server that is gone, or hangs, costs time and no answer."""
    resolver = make_resolver(dead_server, wire, seconds=SHORT_SECONDS)

    assert outcome(resolver.lookup, WWW) == [ADDRESS]
    assert set(asked(wire)) == {"www.example.test."}


@each_resolver
def test_when_all_servers_are_dead_what_is_known_lasts_until_its_end(make_resolver, nameservers, pair):
    """Answers outlive their server until their time is over; then comes an error, and soon after the server is back, the truth."""
    authority = nameservers.another(pair[1])
    resolver, found = make_resolver(authority, seconds=SHORT_SECONDS), []
    for step in (lambda: None, authority.server.kill, lambda: resolver.idle(TTL_SECONDS), authority.server.start):
        step()
        found.append(outcome(resolver.lookup, WWW))
        resolver.idle(2)
    found.append(outcome(resolver.lookup, WWW))

    assert found[:3] == [[ADDRESS], [ADDRESS], "Unanswered"]
    assert found[-1] == [ADDRESS]


@each_resolver
@dnspython_differs("it gives nothing that is past its end")
def test_stale_answers_are_given_only_if_asked_for_and_only_for_so_long(make_resolver, authority, wire):
    """Who prefers an old answer to none gets it marked as such while nobody can be asked, and the new one as soon as somebody can."""
    resolver = make_resolver(wire, seconds=SHORT_SECONDS, stale_seconds=STALE_SECONDS)
    resolver.lookup(WWW)
    before = len(wire.questions)
    authority.server.pause()
    resolver.idle(TTL_SECONDS)
    assert outcome(resolver.lookup, WWW) == [ADDRESS]
    stale = {resolver.lookup(WWW) for _ in range(9)}
    tried = len(wire.questions) - before
    resolver.idle(STALE_SECONDS)
    ended = outcome(resolver.lookup, WWW)
    authority.server.resume()
    resolver.idle(STALE_TTL_SECONDS)

    assert stale == {ours.Answer("www.example.test.", (ADDRESS,), STALE_TTL_SECONDS, stale=True)}
    assert tried == ours.Rules().tries  # and not again for each lookup
    assert ended == "Unanswered"
    assert not resolver.lookup(WWW).stale


def test_forged_answers_are_ignored(resolver, wire, chance, observe):
    """Who cannot see a question guesses its number and its port; forty times ten guesses, before each true answer, fool nobody."""
    wire.forge = lambda question: forgeries(lie(question, LIE), chance, 10, stage.BLIND)
    wire.forge_elsewhere = lambda question: [lie(question, LIE)]
    found = Counter()
    for _ in range(40):
        found[str(outcome(resolver.lookup, WWW))] += 1
        resolver.idle(TTL_SECONDS)

    numbers = [int.from_bytes(question.packet[:2]) for question in wire.questions]
    steps = {second - first for first, second in itertools.pairwise(numbers)}
    ports = {question.port for question in wire.questions}
    observe("different numbers, steps between them, ports, of 40", f"{len(set(numbers))} · {len(steps)} · {len(ports)}")
    assert found == {f"['{ADDRESS}']": 40}
    assert min(len(set(numbers)), len(steps), len(ports)) >= 35


def test_no_packet_breaks_the_resolver_and_none_passes_for_another_answer(nameservers, chance, thoroughness, observe):
    """Ten thousand forged, garbled and cut packets are each refused, or are an answer to this very question."""
    key = (ours.checked_name("alias.example.test"), ours.checked_type("A"))
    question = ours.ask_for(key, chance)
    answer = ask_once(nameservers.zone_server, "alias.example.test", "A", id=question.id).to_wire()
    asks, accepted, refused = slice(12, answer.index(b"\0", 12) + 5), [], 0
    for packet in forgeries(answer, chance, PACKETS * thoroughness):
        try:
            said = ours.read(ours.accept(question, packet), key, key[0])
        except ours.Rejected:
            refused += 1
        else:
            accepted.append((packet, said))

    observe("refused, and accepted as answers to the question", f"{refused} · {len(accepted)}", "packets")
    assert refused >= 0.7 * PACKETS
    assert {packet[:2] for packet, _ in accepted} <= {answer[:2]}
    assert {packet[asks] for packet, _ in accepted} <= {answer[asks]}
    assert {facts[0][0] for _, facts in accepted if isinstance(facts, list)} <= {key}


def test_a_server_is_believed_about_its_own_zone_and_nothing_else(nameservers, datagram_link, clock):
    """Whoever answers for one zone cannot slip in addresses of another, not even behind an alias of its own."""
    wire, below = datagram_link(nameservers.zone_server), datagram_link(nameservers.child)
    below.alter = stage.with_record("www.example.test.", LIE)
    with stage.resolvers("ours", clock) as make:
        resolver = make(wire, known={"192.0.2.54": below})
        found = [outcome(resolver.lookup, name) for name in ("deep.child.example.test", "back.child.example.test", WWW)]

    assert found == [["198.51.100.1"], [ADDRESS], [ADDRESS]]


def test_who_takes_the_first_packet_that_comes_is_fooled(nameservers, datagram_link, chance):
    """Counterexample: without a look at its number, a forged packet that arrives before the true one is believed."""
    import dns.message

    wire = datagram_link(nameservers.zone_server)
    wire.forge = lambda question: [bytes([question[0] ^ 1]) + lie(question, LIE)[1:]]
    question = ours.ask_for((ours.checked_name(WWW), ours.checked_type("A")), chance)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as careless:
        careless.settimeout(5.0)
        careless.sendto(question.to_wire(), wire.address)
        believed = dns.message.from_wire(careless.recv(1_232)).answer[0][0].address

    assert believed == LIE
    assert ours.ask(wire.address, question, 5.0).answer[0][0].address == ADDRESS


@each_resolver
def test_what_is_remembered_is_found_a_hundred_times_as_fast(make_resolver, authority, datagram_link, ratio):
    """Over a link of 20 ms, a lookup that has to ask costs at least a hundred times one that does not."""
    resolver = make_resolver(datagram_link(authority, delay_ms=10))

    def uncached():
        resolver.idle(TTL_SECONDS)
        return resolver.lookup(WWW)

    measured = ratio("asked ÷ remembered", uncached, lambda: resolver.lookup(WWW), pairs=7)
    assert measured.low >= CACHED_RATIO


@each_resolver
@pytest.mark.benchmark(group="one lookup of a name that is remembered")
def test_the_cost_of_a_lookup_that_is_remembered(resolver, benchmark):
    """What a lookup costs when nobody has to be asked."""
    resolver.lookup(WWW)

    assert benchmark(resolver.lookup, WWW).records == (ADDRESS,)

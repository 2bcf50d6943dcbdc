"""WebSockets · a chat

Problem        Whoever waits for news over HTTP has to ask again and again, and learns of them late. A connection that stays
               open ends that, and begins other troubles: it belongs to one node, it breaks, and it can fill up.
Idea           Everything said in a room is numbered in a log that all nodes share. A node sends it to those of its clients
               that are in the room; a client remembers one number, and whoever comes back begins behind it.
Guarantees     Every member of a room reads the messages 1…M, each once, in that order, whatever breaks: the client's line, its
               node, or the answer to what it has said. Nobody waits for a slow reader, and nobody who has gone is listed long.
Trade-off      A node holds memory for every client, and a deploy throws all of them out. What one says goes by the log first.
               A reader who is too slow is dropped, and has to fetch what it has missed.
Not shown      Passwords; TLS; who may enter which room; editing; a node with so many rooms that one reader is too few;
               a Redis that comes back empty, whose numbers begin anew.
Sources        RFC 6455 §4 (handshake), §5.5 (ping, close), §7.4 (codes), §10.2 (origin); Redis, XADD and XREAD
Implementation src/sysdesign/distributed/websockets
Engines        one node · two nodes
"""

import contextlib
import itertools
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from fixtures.chats import ORIGIN, Measured, Raw, chats, cookie, log_in, people, start, ws
from fixtures.clients import BROWSER, ask
from fixtures.conformance import cases, failures
from fixtures.crowd import masked
from fixtures.endpoints import served_endpoints
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.meanwhile import users_of
from fixtures.servers.server import ServerMissing
from sysdesign.distributed.websockets import Passes

HISTORY = 5  # messages for whoever comes for the first time
MISSED = 40  # messages, more than that and said quickly
KEPT = 10  # messages of a room, by the strict node
UNSENT_BYTES, TEXT_CHARACTERS, MUCH = 200_000, 12_000, 500  # MUCH: messages, more than any kernel keeps for a client
LONG_TEXTS = [f"{number}".ljust(TEXT_CHARACTERS) for number in range(MUCH)]
SOON_SECONDS = 3.0  # many times what all of them need
SILENT_SECONDS = 0.25  # before a ping, and again for its answer
BURST, LARGEST_BYTES = 30, 4_096
LEASE_SECONDS = 0.6
CONNECTIONS, FEW_CONNECTIONS, TOGETHER = 5_000, 500, 10
PAIRS = {"broadcast": 9, "gather(send)": 3, "ten at once": 9}
EACH_WITH_ITS_GARBAGE = (3, 1)  # of what `gather` leaves, Python has to look for garbage at every third message
LEVEL_RATIO, GATHER_RATIO, BURST_RATIO = 1.0, 2.0, 5.0
POLLS_FOR_A_MESSAGE, POLLING_RATIO = 10, 10
GENEROUS = {"messages_per_second": 1e6, "burst": 1_000_000, "history": HISTORY, "presence_seconds": 0.02}
GENEROUS |= {"unsent_bytes": UNSENT_BYTES, "text_characters": TEXT_CHARACTERS}
MEASURED = {"presence_seconds": 1e6, "tick_seconds": 0.005}  # so long that ten are sent at once
STRICT = {"ping_seconds": SILENT_SECONDS, "pong_seconds": SILENT_SECONDS, "kept": KEPT}
STRICT |= {"messages_per_second": 0.1, "burst": BURST, "message_bytes": LARGEST_BYTES, "presence_seconds": 0.02}


@pytest.fixture(scope="module")
def chat(redis_server):
    """A chat with two nodes and a strict one, on an area of Redis of its own."""
    with chats(redis_server) as chat:
        patient = {"drain_seconds": 30.0}  # with whoever looks away
        chat.nodes = [chat.node(start=False, **GENEROUS, **patient), chat.node(start=False, **GENEROUS)]
        chat.strict, chat.lobby, chat.wire = chat.node(start=False, **STRICT), chat.room(), chat.link(chat.nodes[0])
        chat.web = chat.page([chat.wire, chat.nodes[0]], chat.lobby)
        chat.nodes[0].process.command += ["--origin", chat.web.url]
        start(*chat.nodes, chat.strict)
        yield chat


@pytest.fixture(scope="module")
def web(chat):
    """The page into the lobby; it starts while the browser does."""
    chat.web.launch()
    return chat.web


@pytest.fixture(scope="module")
def mortal_nodes(chat):
    """Two nodes that are there to be killed."""
    return [chat.node(start=False, **GENEROUS, lease_seconds=LEASE_SECONDS) for _ in range(2)]


@pytest.fixture
def mortals(mortal_nodes):
    """Both of them, alive."""
    start(*(node for node in mortal_nodes if not node.alive))
    return mortal_nodes


@pytest.fixture(scope="module")
def measured(chat):
    """A node of ours and the bare library, which are there to be measured."""
    with closing(Measured(chat, **GENEROUS | MEASURED)) as measured:
        yield measured


@pytest.fixture(scope="module")
def coming(measured):
    """A crowd before each of them, on its way in."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(measured.crowd, CONNECTIONS)


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request):
    """Lets 5,000 clients come in beside the other tests, if one will measure with them: that takes seconds."""
    if users_of(request, "crowd"):
        with contextlib.suppress(ServerMissing):
            request.getfixturevalue("coming")


@pytest.fixture
def crowd(coming):
    """A crowd before each of them, complete."""
    return coming.result()


@pytest.fixture
def room(chat):
    """A room that nobody has been in."""
    return chat.room()


@pytest.fixture
def enter():
    """`enter(name, room, node, …)`: somebody comes into a room; of several nodes, the next one is tried when one has gone."""
    with people() as enter:
        yield enter


@pytest.fixture
def endpoint():
    """An HTTP server that has nothing new to tell."""
    with served_endpoints() as make:
        yield make()


@pytest.fixture(params=engines(dict.fromkeys(["one node", "two nodes"], "redis")))
def nodes(request, chat):
    """The nodes to which people come, one after the other."""
    return itertools.cycle(chat.nodes if request.param == "two nodes" else chat.nodes[:1])


def here(*everyone):
    """Wait until all see each other."""
    names = sorted({one.name for one in everyone})
    eventually(lambda: all(one.company == names for one in everyone))


def test_what_one_says_all_in_the_room_read_in_one_order_and_nobody_else(nodes, chat, room, enter, observe):
    """Three people talk at once: each of them reads all of it in the same order, and in another room nobody reads any."""
    ann, bob, cat = members = [enter(name, room, next(nodes)) for name in ("ann", "bob", "cat")]
    stranger = enter("dan", chat.room(), next(nodes))
    here(*members)
    with ThreadPoolExecutor(3) as pool:
        for one in members:
            pool.submit(one.say, *(f"{one.name} {number}" for number in range(20)))
    eventually(lambda: all(len(one.read) >= 60 for one in members))
    own = {one.name: [text for _, user, text in ann.read if user == one.name] for one in members}

    observe("messages read by each of three", len(ann.read), "messages")
    assert ann.numbers == list(range(1, 61))
    assert bob.read == cat.read == ann.read
    assert own == {name: [f"{name} {number}" for number in range(20)] for name in ("ann", "bob", "cat")}
    assert stranger.read == []


OLD = f"chat_pass={Passes('another secret').issue('ann')}"


@pytest.mark.parametrize(
    ("origin", "sent", "told"),
    [
        (ORIGIN, cookie("ann"), 101),
        ("http://evil.example", cookie("ann"), 403),
        (None, cookie("ann"), 403),
        (ORIGIN, "", 401),
        (ORIGIN, OLD, 401),
        (ORIGIN, cookie("ann").replace("=", "=00"), 401),
    ],
    ids=["ours", "elsewhere", "no origin", "no pass", "other secret", "altered"],
)
def test_who_has_no_pass_or_comes_from_elsewhere_stays_outside(chat, origin, sent, told):
    """The handshake is refused without a good pass, and to pages of other origins, whose visitors' cookies a browser sends along."""
    status = 101
    try:
        with connect(ws(chat.nodes[0]), origin=origin, additional_headers={"Cookie": sent}):
            pass
    except InvalidStatus as refused:
        status = refused.response.status_code

    assert status == told


def test_a_pass_is_good_for_its_time(clock):
    """A pass names its owner until its time has passed, and nobody after that."""
    passes = Passes("secret", seconds=60, clock=clock)
    given = f"a=b; chat_pass={passes.issue('Zoë')}"
    names = [passes.user(given)]
    for seconds in (59, 2):
        clock.advance(seconds)
        names.append(passes.user(given))

    assert names == ["Zoë", "Zoë", None]


def test_all_see_who_comes_goes_and_types(nodes, room, enter):
    """Members see each other come, type and go, whichever node they are on; somebody on two screens is there once."""
    ann, bob, again = enter("ann", room, next(nodes)), enter("bob", room, next(nodes)), enter("bob", room, next(nodes))
    here(ann, bob, again)
    bob.client.typing(room)
    eventually(lambda: [one["user"] for one in ann.told("typing")] == ["bob"])
    again.client.leave(room)
    ann.say("still two")
    eventually(lambda: bob.read)

    assert ann.company == ["ann", "bob"]
    bob.client.leave(room)
    eventually(lambda: ann.company == ["ann"])


def test_who_comes_late_gets_some_history_and_misses_nothing_after_it(nodes, room, enter):
    """A newcomer is told the last few messages, and whatever is said while they come in, without a gap and without a repeat."""
    ann, stop, said = enter("ann", room, next(nodes)), [], itertools.count(1)

    def talk():
        while not stop:
            ann.say(f"{(number := next(said))}")
            eventually(lambda: len(ann.read) > number - HISTORY, interval=0.0005)
        return number

    with ThreadPoolExecutor(1) as pool:
        talking = pool.submit(talk)
        eventually(lambda: len(ann.read) > 2 * HISTORY)
        newcomers = [enter(f"new {number}", room, next(nodes)) for number in range(6)]
        eventually(lambda: all(len(one.read) > 3 * HISTORY for one in newcomers))
        stop.append(True)
        said = talking.result()
    eventually(lambda: all(one.numbers[-1] == said for one in (ann, *newcomers)))

    begins = [one.told("joined")[0]["after"] + 1 for one in newcomers]
    assert [one.numbers for one in newcomers] == [list(range(begin, said + 1)) for begin in begins]
    assert min(begins) > HISTORY


def test_whoever_comes_back_goes_on_behind_the_last_message_seen(nodes, room, enter, link, observe):
    """After a cut line a client gets what it has missed and what others miss of it: everything once, and in order."""
    near = next(nodes)
    wire = link(near)
    ann, bob = enter("ann", room, wire), enter("bob", room, next(nodes))
    here(ann, bob)
    bob.say("before")
    eventually(lambda: ann.read)
    wire.cut()
    bob.say(*(f"missed {number}" for number in range(MISSED)))
    ann.say("said while away")
    eventually(lambda: len(bob.read) == 1 + MISSED)
    wire.heal()
    everything = 1 + MISSED + 1
    eventually(lambda: ann.numbers[-1] == bob.numbers[-1] == everything)

    observe("messages missed and fetched", MISSED, "messages")
    assert ann.numbers == bob.numbers == list(range(1, everything + 1))
    assert ann.read == bob.read


def test_what_comes_again_because_its_answer_was_lost_is_said_once(chat, room):
    """A message that is sent again under its old key, to another node, keeps the number that it got at first."""
    first, second = chat.nodes
    numbers = []
    for node in (first, second, first):
        with closing(Raw(node, room=room)) as client:
            client.ask(type="say", room=room, key="mine", text="once")
            answer = b'"key":"mine","number":'
            numbers.append(client.until(answer).partition(answer)[2].partition(b"}")[0])

    assert numbers == [b"1"] * 3
    assert chat.client.xlen(f"{chat.prefix}{{{room}}}:said") == 1


def test_who_resumes_by_time_loses_or_doubles(chat, room, enter):
    """Counterexample: several messages bear one time, so whoever asks for what came after it, or since it, gets too few or too many."""
    ann = enter("ann", room, chat.nodes[0])
    ann.say(*map(str, range(200)))
    eventually(lambda: len(ann.read) == 200)
    messages = ann.told("message")
    seen = next(one for one, later in itertools.pairwise(messages) if one["at"] == later["at"])
    after, since = (sum(one["at"] > seen["at"] for one in messages), sum(one["at"] >= seen["at"] for one in messages))

    assert after < 200 - seen["number"] < since


def test_what_is_not_kept_any_more_is_told_as_a_gap(chat, room, enter, link):
    """Whoever was away for longer than the log reaches back is told that something is missing, and goes on behind it."""
    wire = link(chat.strict)
    ann, bob = enter("ann", room, wire, chat.nodes[0]), enter("bob", room, chat.strict)
    here(ann, bob)
    wire.stall()
    for number in range(1, 2 * KEPT + 1):
        bob.say(f"{number}")
        eventually(lambda: bob.numbers[-1:] == [number])  # noqa: B023
    wire.cut()
    eventually(lambda: ann.numbers[-1:] == [2 * KEPT])

    assert [(one["after"], one["before"]) for one in ann.told("gap")] == [(0, KEPT + 1)]
    assert ann.numbers == list(range(KEPT + 1, 2 * KEPT + 1))


def test_a_log_that_restarts_loses_and_doubles_nothing(chat, make_redis, enter, observe):
    """While Redis is away people are sent away and keep what they say; when it is back with its file, everything is said, once."""
    redis = make_redis(flags=("--appendonly", "yes"))
    node = chat.node(**GENEROUS, redis=redis.url, room="tea")
    ann, bob = enter("ann", "tea", node), enter("bob", "tea", node)
    here(ann, bob)
    ann.say("before")
    eventually(lambda: bob.read)
    redis.kill()
    ann.say("while it was away")
    eventually(lambda: len(ann.told("joined")) == 1 and ann.client.unanswered)
    redis.restart()
    ann.say("after")
    eventually(lambda: len(ann.read) == len(bob.read) == 3)

    observe("times that ann came back", len(ann.told("joined")) - 1)
    assert ann.read == bob.read == [(1, "ann", "before"), (2, "ann", "while it was away"), (3, "ann", "after")]


NONSENSE = [
    "no JSON",
    "[]",
    "{}",
    '{"type": "say"}',
    '{"type": "join", "room": 7}',
    '{"type": "join", "room": "nowhere"}',
]
NONSENSE += ['{"type": "say", "room": "nowhere", "key": "k", "text": "x"}', '{"type": "shout", "room": "x"}']


def test_what_makes_no_sense_is_refused_and_harms_nobody(chat, room):
    """An unknown room, and whatever is not understood, gets a refusal; the connection stays, and does what makes sense."""
    with closing(Raw(chat.nodes[0], room=room)) as client:
        for text in NONSENSE:
            client.send(masked(text))
        client.ask(type="say", room=room, key="k", text=" ")
        client.ask(type="say", room=room, key="good", text="sense")
        told = client.until(b'"key":"good"')

    assert told.count(b'"refused"') == len(NONSENSE) + 1
    assert b"unknown room" in told


ENDS = {
    "too big": (masked("x" * (LARGEST_BYTES + 1)), 1009),
    "not UTF-8": (masked("xx").replace(b"x", b"\xff"), 1007),
    "flood": (masked('{"type": "ping"}') * (BURST + 1), 1008),
    "not masked": (b"\x81\x02{}", 1002),
}


@pytest.mark.parametrize(("sent", "code"), ENDS.values(), ids=ENDS)
def test_who_breaks_the_rules_is_sent_away_with_the_reason(chat, room, enter, sent, code):
    """A message too big, text that is none, a flood and a frame that is against the protocol end their own connection alone."""
    ann = enter("ann", room, chat.strict)
    with closing(Raw(chat.strict, "bob", room)) as bob:
        here_too = eventually(lambda: ann.company == ["ann", "bob"])
        bob.send(sent)
        told = bob.end()
    ann.say("unharmed")

    assert (here_too, told) == (True, code)
    assert eventually(lambda: ann.read)
    assert len(ann.told("joined")) == 1


def test_a_client_that_vanishes_is_missed_soon(chat, room, enter, link):
    """A client whose line has died without a word answers no ping, and is taken off the list; the others stay."""
    wire = link(chat.strict)
    ann, bob = enter("ann", room, chat.strict), enter("bob", room, wire)
    here(ann, bob)
    wire.stall()
    eventually(lambda: ann.company == ["ann"], within=10 * SILENT_SECONDS)

    assert len(ann.told("joined")) == 1
    wire.heal()
    eventually(lambda: ann.company == ["ann", "bob"])


def test_a_slow_reader_is_dropped(chat, room, enter, observe):
    """A client that reads nothing holds a bounded share of its node's memory and is then dropped; the others read everything."""
    with closing(Raw(chat.nodes[1], "slow", room, receive_bytes=4_096)) as slow:
        quick, speaker = enter("quick", room, chat.nodes[1]), enter("speaker", room, chat.nodes[0])
        eventually(lambda: quick.company == ["quick", "slow", "speaker"])
        speaker.say(*LONG_TEXTS)
        eventually(lambda: quick.numbers[-1:] == [MUCH])
        eventually(lambda: quick.company == ["quick", "speaker"])
        code = slow.end()

    observe("read by the slow one before it was dropped", len(slow.got) / (MUCH * TEXT_CHARACTERS), "of all bytes")
    assert quick.numbers == list(range(1, MUCH + 1))
    assert code == 1006


def test_who_looks_away_delays_nobody_and_misses_nothing(chat, room, enter, observe):
    """The first in a room looks away while much is said: all others have all of it before it looks again, and then it has it too."""
    with closing(Raw(chat.nodes[0], "away", room)) as away:
        speaker, *quick = (enter(name, room, chat.nodes[0]) for name in ("speaker", "quick", "quick too"))
        eventually(lambda: speaker.company == ["away", "quick", "quick too", "speaker"])
        speaker.say(*LONG_TEXTS)
        eventually(lambda: all(one.numbers[-1:] == [MUCH] for one in quick), within=SOON_SECONDS)
        told = away.until(f'"number":{MUCH},'.encode())

    observe("bytes at once ÷ bytes that may wait", MUCH * TEXT_CHARACTERS / UNSENT_BYTES)
    assert [one.numbers for one in quick] == [list(range(1, MUCH + 1))] * 2
    assert re.findall(rb'"number":(\d+),', told) == [b"%d" % number for number in range(1, MUCH + 1)]


def test_a_killed_node_loses_and_doubles_no_message(mortals, room, enter, thoroughness, observe):
    """Nodes are killed while people talk: they come back on another, and each reads every message once, in order."""
    members = [enter(f"p{number}", room, *(mortals if number % 2 else reversed(mortals))) for number in range(4)]
    here(*members)
    said, kills = Counter(), 2 * thoroughness
    for kill in range(kills):
        doomed, target = mortals[kill % 2], len(members[0].read) + 40
        for one, number in itertools.product(members, range(20)):
            one.say(f"{one.name}: {kill}.{number}")
            said[f"{one.name}: {kill}.{number}"] += 1
        eventually(lambda: len(members[0].read) >= target)  # noqa: B023
        doomed.kill()
        doomed.start()
    eventually(lambda: all(len(one.read) >= said.total() for one in members))

    observe("kills, messages", f"{kills}, {said.total()}")
    assert [one.numbers for one in members] == [list(range(1, said.total() + 1))] * 4
    assert Counter(text for _, _, text in members[0].read) == said


def test_the_people_of_a_killed_node_are_not_listed_for_long(mortals, room, enter):
    """A node that dies takes its people off the list when its lease ends: nobody has to say so for it."""
    watcher, doomed = mortals
    ann, bob = enter("ann", room, watcher), enter("bob", room, doomed)
    here(ann, bob)
    doomed.kill()

    assert eventually(lambda: ann.company == ["ann"], within=10 * LEASE_SECONDS)
    assert len(ann.told("joined")) == 1


QUICK_CASES = [f"{group}.*" for group in (1, 2, 3, 4, 5, 6, 7, 10)]
CASES_WITH_PAUSES = ["5.19", "5.20", "6.4.*"]


SIZE = {"width": 560, "height": 420}
TITLE, HOSTILE = "A chat in two browsers", '<img src=x onerror="document.title = 1">'


def test_two_people_talk_in_their_browsers(chat, web, browser, enter, draw):
    """By keyboard, two people log in, see each other, type and read; text is shown as text; a cut line costs them nothing."""
    web.wait_until_ready()
    ann, bob = (log_in(browser(web.url, viewport=SIZE), name) for name in ("ann", "bob"))
    cat = enter("cat", chat.lobby, chat.nodes[1])
    ann.locator("#people li", has_text="cat").wait_for()
    ann.get_by_role("textbox").press_sequentially(HOSTILE)
    bob.get_by_text("ann is typing").wait_for()
    ann.keyboard.press("Enter")
    eventually(lambda: cat.read)  # the node has it; ann may not know yet
    chat.wire.cut()
    cat.say("while the line was cut")
    bob.get_by_text("while the line was cut").wait_for()
    bob.get_by_role("textbox").fill("so it is")
    bob.get_by_role("button", name="Send").press("Enter")
    shown = [page.locator("#messages li:not(.waiting)") for page in (ann, bob)]
    eventually(lambda: [each.count() for each in shown] == [3, 3])

    draw.screenshot(TITLE, "Both read the same.", {"ann": ann.screenshot(), "bob": bob.screenshot()})
    expected = [f"ann{HOSTILE}", "catwhile the line was cut", "bobso it is"]
    assert [each.all_text_contents() for each in shown] == [expected, expected]
    assert ann.locator("#people li").all_text_contents() == ["ann", "bob", "cat"]
    assert (browser.errors, ann.title(), chat.wire.connections) == ([], "Chat", 2)


def test_no_case_of_autobahn_fails_beyond_those_of_the_library(program, observe):
    """Of some 240 cases on frames, UTF-8 and closing, ours fails none that the bare library passes."""
    servers = [program("fixtures.socket_peers", role, start=False) for role in ("ours", "library")]
    start(*servers)
    with ThreadPoolExecutor(2) as pool:
        ours, library = pool.map(lambda server: cases(server, QUICK_CASES, CASES_WITH_PAUSES, at_once=16), servers)

    observe("cases", len(ours), "cases")
    observe("failed by both", ", ".join(sorted(failures(ours) & failures(library))))
    assert len(ours) == len(library) > 200
    assert failures(ours) <= failures(library)


def test_polling_costs_many_times_the_bytes(chat, room, enter, link, endpoint, observe):
    """Whoever asks ten times for each message sends and gets ten times the bytes and more of a connection that stays open."""
    messages, asked = 20, BROWSER.replace(b"/products/17?page=2", b"/messages?after=17")
    polled, open_line = (link(one) for one in (endpoint, chat.nodes[0]))
    ann = enter("ann", room, open_line)
    ann.say(*("x" * 40 for _ in range(messages)))
    eventually(lambda: len(ann.read) == messages)
    head = dict(line.split(": ") for line in asked.decode().split("\r\n")[1:] if line and "Host" not in line)
    for _ in range(messages * POLLS_FOR_A_MESSAGE):
        ask(polled, path="/messages?after=17", headers=head)
    bytes_by = {
        name: wire.to_server.passed + wire.to_client.passed
        for name, wire in {"polling": polled, "open": open_line}.items()
    }

    observe("requests of who polls, frames of who does not", f"{messages * POLLS_FOR_A_MESSAGE}, {messages}")
    observe("bytes of polling ÷ bytes of a connection that stays open", bytes_by["polling"] / bytes_by["open"])
    assert bytes_by["polling"] >= POLLING_RATIO * bytes_by["open"]


def test_five_thousand_get_a_message_for_less_than_by_the_bare_library(measured, crowd, ratio, observe, draw):
    """Per delivery to 5,000 clients ours takes no more of the processor than `broadcast`, and half of `gather(send)` at most."""
    runs = {}
    acts = {"ours": crowd.ours, "broadcast": crowd.broadcast, "gather(send)": crowd.gather}
    ours, bare, gather = (lambda name=name: runs.update({name: acts[name]()}) for name in acts)
    how = {name: {"clock": measured.clock, "pairs": pairs} for name, pairs in PAIRS.items()}
    level = ratio("CPU a delivery, broadcast ÷ ours", bare, ours, repeats=1, **how["broadcast"])
    garbage = {"repeats": EACH_WITH_ITS_GARBAGE, **how["gather(send)"]}
    twice = ratio("CPU a delivery, gather(send) ÷ ours", gather, ours, **garbage)

    series = {name: [(count, 1_000 * at) for at, count in run[:: len(run) // 40 + 1]] for name, run in runs.items()}
    draw("One message to 5,000", "When how many had it.", series, "members", "time since it was said [ms]")
    observe("memory a connection, ours", crowd.bytes_of_ours / 1024, "KiB")
    observe("memory a connection, the library", crowd.bytes_of_the_library / 1024, "KiB")
    assert level.low >= LEVEL_RATIO
    assert twice.low >= GATHER_RATIO
    assert crowd.bytes_of_ours <= crowd.bytes_of_the_library


def test_messages_that_come_together_are_sent_together(measured, ratio):
    """Ten messages at once cost a fifth at most of what the library takes for them: each client gets one write, not ten."""
    crowd = measured.crowd(FEW_CONNECTIONS)
    together, apart = (lambda: crowd.ours(TOGETHER)), (lambda: crowd.broadcast(TOGETHER))

    cost = ratio(
        "CPU of ten at once, broadcast ÷ ours", apart, together, clock=measured.clock, pairs=PAIRS["ten at once"]
    )
    assert cost.low >= BURST_RATIO


@pytest.mark.benchmark(group="one message, from one person to another")
def test_the_cost_of_one_message(nodes, room, enter, benchmark):
    """What it takes to say something, until another has read it."""
    ann, bob = enter("ann", room, next(nodes)), enter("bob", room, next(nodes))
    here(ann, bob)

    def say():
        goal = len(bob.read) + 1
        ann.say("now")
        eventually(lambda: len(bob.read) == goal, interval=0.0001)

    benchmark(say)
    assert bob.numbers == list(range(1, len(bob.numbers) + 1))

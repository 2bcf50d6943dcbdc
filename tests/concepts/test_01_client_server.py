"""Client-server architecture · a page of notes

Problem        Many people and programs want to see and change the same things, each from a machine of their own.
Idea           One program keeps the data and answers requests; the others keep nothing and ask it over the network. Whatever is
               needed to answer a request stands in the request or in the database, and nothing in the server between two of them.
Guarantees     All clients see one state, whichever instance answers them. Nobody waits behind somebody else's waiting. What was
               acknowledged outlives the server. A client that gets no answer is told so within its own time, and never hangs.
Trade-off      Each question is a trip over the network, and without the server there is no answer at all. When an answer stays away,
               nobody but the server knows whether the thing was done. A page learns of news only when it asks.
Not shown      Who may do what; requests that are safe to send again (30); pages of a long list (07); news that come by themselves (24);
               a server that ends without dropping anybody (12); more machines than one (13).
Sources        RFC 9110 §3.3 (statelessness), §9.2.2 (idempotent methods), §15 (status codes); RFC 9112 §6.3 (length of a body), §9.3
               (kept connections); RFC 9457 (problem details); R. Fielding, Architectural Styles, §5.1.2-3
Implementation src/sysdesign/networking/client_server
Engines        Flask under waitress · Flask under gunicorn
"""

import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from socket import create_connection

import pytest

from fixtures.endpoints import answering, holding_the_answer
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.notes import (
    SUGGESTION,
    Crowd,
    Sites,
    answering_by_hand,
    chunked,
    come,
    gate,
    outcome,
    read,
    request,
    send,
    shown,
    waiting,
)
from sysdesign.networking.client_server import MAX_BODY_BYTES, MAX_CHARACTERS, LateAnswer, NotesClient, Unanswered

ENGINES = {"waitress": None, "gunicorn": None}
REQUESTS = 100  # on one connection
TOGETHER = 4  # requests that wait at the same time
WAIT_SECONDS = 0.05  # that each of them has to wait
LEAST_GAIN = TOGETHER / 2  # serial time ÷ concurrent time
PAIRS = 2  # so few that the interval is the whole range: the claim holds in each of them
IMPATIENT_SECONDS = 0.25  # before a client, or the server as a client, gives up
SLACK_SECONDS = 2.0  # in which a busy machine may come round to it: far less than the client of a test would wait
WRITERS, WRITTEN = 4, 40  # clients, and the notes that they have added before the server dies
PIECE_BYTES = 7
IN_CHUNKS = {"Transfer_Encoding": "chunked", "Content_Length": ""}
HOSTILE = "</span><script>document.title = 'taken over'</script><img src=x onerror=\"document.title = 'taken over'\">"
SIZE = {"width": 480, "height": 590}


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """Servers of notes, each started when it is first needed."""
    with Sites(tmp_path_factory.mktemp("notes")) as sites:
        yield sites


@pytest.fixture(params=engines(ENGINES))
def engine(request):
    """What serves the application."""
    return request.param


@pytest.fixture
def site(sites, engine):
    """A server that runs and has no notes."""
    site = sites.site(engine)
    site.clear()
    return site


@pytest.fixture
def impatient(sites, engine):
    """A server that does not wait long for another server, and keeps its notes in memory."""
    site = sites.site(engine, memory=True, suggestion_seconds=IMPATIENT_SECONDS)
    site.clear()
    return site


def note(text, **fields):
    """Return the request that adds a note, as it goes over the wire."""
    return request("POST", "/notes", json.dumps({"text": text}).encode(), **fields)


@pytest.mark.parametrize("engine", engines({"waitress": None}))
def test_two_people_and_a_program_share_one_list_of_notes(site, browser, draw):
    """By keyboard, a person adds and removes notes on the page; another one, and a program, see the same and change it as well."""
    ann = come(browser, site, viewport=SIZE, color_scheme="light")
    bob = come(browser, site, viewport=SIZE, color_scheme="dark")
    ann.keyboard.type("Buy milk")
    ann.keyboard.press("Enter")
    eventually(lambda: shown(bob) == ["Buy milk"])
    with site.client() as program:
        program.add("Call the bank")
    bob.get_by_role("textbox", name="New note").fill("Draw a picture of it all")
    bob.keyboard.press("Tab")
    bob.keyboard.press("Enter")
    eventually(lambda: len(shown(ann)) == 3)
    ann.get_by_role("button", name="Suggest").press("Enter")
    eventually(lambda: ann.get_by_role("textbox").input_value() == SUGGESTION)
    pictures = {"ann, in the light": ann.screenshot(), "bob, in the dark": bob.screenshot()}
    ann.get_by_role("button", name="Remove: Call the bank").press("Enter")
    ann.get_by_text("Removed: Call the bank").wait_for()

    draw.screenshot("The page, as two people see it", "Both see the notes of both, and of a program.", pictures)
    eventually(lambda: shown(ann) == shown(bob) == site.texts() == ["Draw a picture of it all", "Buy milk"])
    assert ann.evaluate("document.activeElement.ariaLabel") == "Remove: Buy milk"
    assert browser.errors == []


@pytest.mark.parametrize("engine", engines({"gunicorn": None}))
def test_a_note_that_looks_like_a_program_is_shown_as_text(site, browser):
    """Text stays text, whether the server has written it into the page or the page's script has, and nothing in it runs."""
    ann = come(browser, site)
    ann.get_by_role("textbox").fill(HOSTILE)
    ann.keyboard.press("Enter")
    eventually(lambda: len(shown(ann)) == 1)
    written_by_the_script = shown(ann)
    ann.reload()
    written_by_the_server = shown(ann)

    assert written_by_the_script == written_by_the_server == [HOSTILE]
    assert (ann.title(), browser.errors) == ("Notes", [])


def test_any_instance_answers_any_client(sites, site, engine):
    """What a client has told one process another one knows, and they may be asked in turns: none of them remembers clients."""
    first, second = sites.instances(engine)
    with first() as client:
        told = client.add("told to the first")
    with second() as client:
        known = client.notes()
        client.remove(told.number)
        client.add("told to the second")
    with first() as client:
        texts = [note.text for note in client.notes()]

    assert known == [told]
    assert texts == ["told to the second"]


@pytest.mark.parametrize("engine", engines({"gunicorn": None}))
def test_notes_in_the_memory_of_a_process_are_unknown_to_the_next(impatient):
    """Counterexample: of two processes with notes in their memory each knows its own, and after a restart none knows any."""
    for number in (0, 1):
        with impatient.worker(number) as client:
            client.add(f"told to worker {number}")
    with impatient.worker(0) as client:
        known = [note.text for note in client.notes()]
    impatient.program.kill()
    impatient.program.start()

    assert known == ["told to worker 0"]
    assert impatient.texts() == []


def test_many_requests_travel_on_one_connection(site, link, observe):
    """A hundred requests need one connection that is kept, or a hundred that are not."""
    wires = {keep: link(site) for keep in (True, False)}
    answers = []
    for keep, wire in wires.items():
        with NotesClient(f"http://{wire.host}:{wire.port}", keep=keep) as client:
            answers += [client.notes() for _ in range(REQUESTS)]
    opened = {keep: wire.connections for keep, wire in wires.items()}

    observe("connections for a hundred requests, kept", opened[True], "connections")
    observe("connections for a hundred requests, not kept", opened[False], "connections")
    assert answers == [[]] * (2 * REQUESTS)
    assert opened == {True: 1, False: REQUESTS}


def test_a_request_in_many_pieces_is_one_request(site, link, observe):
    """TCP carries bytes and knows no messages: a request that comes in pieces is one, and two that come in one piece are two."""
    wire, whole, last = link(site), note("in pieces", Connection=""), note("in twins")
    pieces = [whole[at : at + PIECE_BYTES] for at in range(0, len(whole), PIECE_BYTES)]
    with create_connection(wire.address, SLACK_SECONDS) as connection:
        for sent, piece in zip(itertools.accumulate(map(len, pieces)), pieces, strict=True):
            connection.sendall(piece)
            eventually(lambda: wire.to_server.passed == sent, interval=0.0005)  # noqa: B023 - called at once
        in_pieces = read(connection)
        connection.sendall(note("in twins", Connection="") + last)
        twins = b"".join(iter(lambda: connection.recv(65_536), b""))

    observe("pieces of one request", len(pieces), "pieces")
    assert (in_pieces.status, twins.count(b"HTTP/1.1 201")) == (201, 2)
    assert site.texts() == ["in twins", "in twins", "in pieces"]


def test_who_waits_keeps_nobody_else_waiting(site, observe):
    """While several requests wait for another server, all of them at the same time, one that need not wait is answered."""
    with ThreadPoolExecutor(TOGETHER) as pool, gate() as opened:
        site.other.plan = itertools.repeat(holding_the_answer(opened))
        asked = [pool.submit(site.suggestion) for _ in range(TOGETHER)]
        eventually(lambda: len(site.other.requests) == TOGETHER, within=SLACK_SECONDS)
        meanwhile = site.texts()
        answered = sum(one.done() for one in asked)

    observe("requests that waited together", TOGETHER, "requests")
    assert (meanwhile, answered) == ([], 0)
    assert [one.result() for one in asked] == [{"text": SUGGESTION}] * TOGETHER


LARGEST = json.dumps({"text": "ä" * MAX_CHARACTERS}).encode().ljust(MAX_BODY_BYTES)
REFUSED = {
    "no JSON": (request("POST", "/notes", b'{"text": '), 400),
    "no UTF-8": (request("POST", "/notes", b'{"text": "\xff"}'), 400),
    "nested too deep": (request("POST", "/notes", b"[" * MAX_BODY_BYTES), 400),
    "a field is missing": (request("POST", "/notes", b'{"texts": "a"}'), 422),
    "no object": (request("POST", "/notes", b'["text"]'), 422),
    "no text": (request("POST", "/notes", b'{"text": 1}'), 422),
    "blank": (request("POST", "/notes", b'{"text": " "}'), 422),
    "half a character": (request("POST", "/notes", b'{"text": "\\ud800"}'), 422),
    "one character more": (note("a" * (MAX_CHARACTERS + 1)), 422),
    "one byte more": (request("POST", "/notes", LARGEST + b" "), 413),
    "one byte more, in chunks": (request("POST", "/notes", chunked(LARGEST + b" "), **IN_CHUNKS), 413),
    "many more": (request("POST", "/notes", LARGEST * 8), 413),
    "many more, in chunks": (request("POST", "/notes", chunked(LARGEST * 8), **IN_CHUNKS), 413),
    "a form of another site": (request("POST", "/notes", b"text=a", "application/x-www-form-urlencoded"), 415),
    "unknown path": (request("GET", "/nothing"), 404),
    "a number beyond all": (request("DELETE", f"/notes/{2**63}"), 404),
    "unknown method": (request("PUT", "/notes"), 405),
}


def test_what_is_wrong_is_refused_with_a_reason(site, observe):
    """Whatever is wrong with a request, its client is told what, as problem+json, and no note has come of it."""
    answers = {wrong: send(site, sent) for wrong, (sent, _) in REFUSED.items()}
    refused = site.texts()
    accepted = [send(site, request("POST", "/notes", LARGEST))]
    accepted.append(send(site, request("POST", "/notes", chunked(LARGEST), **IN_CHUNKS)))

    observe("ways to be wrong", len(REFUSED), "requests")
    assert {wrong: answer.status for wrong, answer in answers.items()} == {
        w: status for w, (_, status) in REFUSED.items()
    }
    assert {answer.kind for answer in answers.values()} == {"application/problem+json"}
    assert all(json.loads(answer.body)["status"] == answer.status for answer in answers.values())
    assert (refused, [answer.status for answer in accepted]) == ([], [201, 201])


def test_a_killed_server_leaves_nobody_hanging_and_loses_no_note(site, thoroughness, observe):
    """Clients of a server that dies are told so at once; when it runs again, every note that was acknowledged is there, once."""
    acknowledged, ended = [], []
    with site.client() as client:
        for life in range(thoroughness):
            enough = len(acknowledged) + WRITTEN
            with ThreadPoolExecutor(WRITERS + 1) as pool, gate() as opened:
                site.other.plan = iter([holding_the_answer(opened)])
                ended.append(pool.submit(site.suggestion))
                ended += [pool.submit(site.write, f"{life}, {name}", acknowledged) for name in range(WRITERS)]
                eventually(lambda: len(acknowledged) >= enough and client.notes())  # noqa: B023 - called at once
                eventually(lambda: len(site.other.requests) == life + 1)  # noqa: B023
                site.program.kill()
                told = {one.result() for one in ended}
            site.program.start()
        kept = outcome(client.notes)  # its own connection went with the server

    observe("notes acknowledged before it was killed", len(acknowledged), "notes")
    assert told == {Unanswered}  # and nobody had to wait for its time limit
    assert isinstance(kept, list)
    assert set(acknowledged) <= set(kept)
    assert len(kept) == len({note.text for note in kept}) <= len(acknowledged) + WRITERS * thoroughness


def test_who_gets_no_answer_gives_up_in_time_and_does_not_know_what_became_of_it(site, observe):
    """A client of a server that stands still gives up when its own time is over; the note is added all the same, and once."""
    site.program.pause()
    with site.client(IMPATIENT_SECONDS) as client:
        begin = time.monotonic()
        told = outcome(client.add, "perhaps")
        seconds = time.monotonic() - begin
    site.program.resume()

    observe("time until the client gave up", round(seconds, 2), "s")
    assert told is LateAnswer
    assert IMPATIENT_SECONDS <= seconds <= IMPATIENT_SECONDS + SLACK_SECONDS
    assert eventually(site.texts) == ["perhaps"]


def test_an_answer_that_comes_byte_by_byte_is_left_in_time():
    """The limit is for the whole exchange: a server that sends a byte now and then cannot hold a client any longer."""
    begin = b"HTTP/1.1 200 OK\r\nX: "
    with (
        answering_by_hand(begin, IMPATIENT_SECONDS / 3, drips=12) as url,
        NotesClient(url, IMPATIENT_SECONDS) as client,
    ):
        told = outcome(client.notes)

    assert told is LateAnswer


HALVES = {
    "no byte": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nServer: ",
    "a body of no length": b"HTTP/1.1 200 OK\r\n\r\n[]",
    "less than was told": b"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n[]",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
    "no list": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no JSON": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[1",
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES)
def test_half_an_answer_is_no_answer(half):
    """An answer that breaks off is told from one that is whole, even if what has come of it makes sense."""
    with answering_by_hand(half) as url, NotesClient(url) as client:
        told = outcome(client.notes)

    assert told is Unanswered


def test_what_a_server_waits_for_has_a_limit_too(impatient):
    """A server is a client as well: when another one does not answer in time, or fails, its own client is told so."""
    with gate() as opened:
        impatient.other.plan = iter([holding_the_answer(opened), answering(500), waiting(0)])
        told = [impatient.suggestion(SLACK_SECONDS) for _ in range(3)]

    assert told == [504, 502, {"text": SUGGESTION}]


@pytest.mark.parametrize("engine", engines({"gunicorn": None}))
def test_a_page_outlives_its_server(site, browser):
    """While the server is away, the page says so and keeps what was typed; when it is back, the page goes on without being loaded."""
    ann = come(browser, site)
    ann.keyboard.type("before")
    ann.keyboard.press("Enter")
    eventually(lambda: shown(ann) == ["before"])
    site.program.kill()
    ann.get_by_text("Trying again").wait_for()
    ann.keyboard.type("after")
    ann.keyboard.press("Enter")
    ann.get_by_text("Not added: the server does not answer.").wait_for()
    away = (shown(ann), ann.get_by_role("textbox").input_value())
    site.program.start()
    eventually(ann.get_by_text("Connected", exact=True).count, within=2 * SLACK_SECONDS)
    ann.keyboard.press("Enter")
    eventually(lambda: len(shown(ann)) == 2)

    assert away == (["before"], "after")
    assert shown(ann) == site.texts() == ["after", "before"]
    assert [error for error in browser.errors if "net::ERR_" not in error] == []  # the browser tells of these by itself


def test_waiting_together_takes_about_as_long_as_waiting_once(site, ratio, draw):
    """Clients that are served at once all have their answers in about the time of one; one after the other it takes that of all."""
    site.other.plan = itertools.repeat(waiting(WAIT_SECONDS))
    with Crowd(site, TOGETHER) as crowd:
        serial, concurrent = crowd.ask_one_after_the_other, crowd.ask_at_once
        gain = ratio("one after the other ÷ all at once", serial, concurrent, pairs=PAIRS, repeats=1)

    caption = "Each request waits for another server. Served one after the other the waits add up, served at once they do not."
    lanes, bands = crowd.timeline()
    draw.timeline(f"{TOGETHER} requests that wait", caption, lanes, bands=bands)
    assert gain.low >= LEAST_GAIN


@pytest.mark.benchmark(group="the list of ten notes, asked for on a kept connection")
def test_the_cost_of_one_request(site, benchmark):
    """What it costs a client to ask for a list of ten notes."""
    with site.client() as client:
        added = [client.add(f"note {number}") for number in range(10)]

        assert benchmark(client.notes) == added[::-1]

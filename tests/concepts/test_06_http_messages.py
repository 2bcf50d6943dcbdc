"""HTTP requests and responses · what each word of them promises

Problem        Programs that have never met work together through caches, proxies and bad lines. They can, if each message says what it
               means: what may be repeated, what is kept, what is only a part, what went wrong and whose fault it was.
Idea           A request is a method, an address, fields and a body; a response is a status, fields and a body. Their meanings are fixed for
               everybody. So one description of some resources is enough, and two frameworks and two servers serve the same from it.
Guarantees     Reading changes nothing, and repeating what is idempotent changes nothing more. Nobody overwrites what he has not seen.
               A refusal says why, and has changed nothing. A message that was cut off is not taken for a whole one. No head of a request,
               and no body, holds a server up for as long or as wide as it likes.
Trade-off      Who changes something must have read it before. A length that is told beforehand wants the whole content first; chunks do
               without, and whoever reads them knows only at the end whether they came whole.
Not shown      HTTP/2 and HTTP/3 (other frames, same meanings); several ranges in one answer; bodies that drip (a proxy collects them);
               caches (23), formats (09), encrypted connections (05); who may do what (07).
Sources        RFC 9110 §8.8, §9, §13, §14, §15 (semantics); RFC 9112 §6–§9 (messages); RFC 9111 §5.2 (Cache-Control); RFC 6585 (428, 431);
               RFC 9457 (problem details); RFC 7240 (Prefer); RFC 6265 §4.1 (cookies)
Implementation src/sysdesign/apis/http_messages
Engines        fastapi (FastAPI under uvicorn) · flask (Flask under gunicorn)
"""

import functools
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse, IncompleteRead
from http.cookies import SimpleCookie

import pytest

from fixtures.apps import programs
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.exchanges import Client, answers, dripped, head, last_exchange, read_as_response, statuses
from fixtures.message_notes import message_notes
from fixtures.mistakes import CUT, GARBAGE, REFUSED, TOUR, parts_of
from sysdesign.apis.http_messages import COOKIE, ENGINES, MOVED, PROBLEM_JSON

PROGRAM = "sysdesign.apis.http_messages"
HEAD_SECONDS = 5.0  # that the head of a request may take
SHORT_HEAD_SECONDS = 0.4  # where somebody drips
DROP_SECONDS, DROPS = 0.05, 40  # a field each; five times as long as a head may take there
CLIENTS = 8
REQUESTS = 100
CASES, MORE = 500, 6  # of schemathesis, on each of two engines; so many times as many at most in a thorough run
REACHED = 0.2  # of which at least so many must have met with success
SAVED_BYTES = 450  # of a long note
STATE_REFUSES = (412, 413, 414, 416, 428, 431)
"""With these an input is refused that is right by the document: by a condition, a range or a size."""
LARGE = "x" * 450  # the text of a note


@pytest.fixture(scope="module")
def served():
    """The server of each engine, started when it is first needed for one use: the shared one, or another."""
    with programs() as start:
        own = lambda engine, use, seconds=HEAD_SECONDS: start(  # noqa: ARG005
            PROGRAM, "--engine", engine, "--head-seconds", str(seconds)
        )
        yield functools.cache(own)


@pytest.fixture(scope="module")
def exchanges():
    """All that the clients have sent and got."""
    return []


@pytest.fixture(params=engines(dict.fromkeys(ENGINES)))
def client(request, served, exchanges):
    """A client of one engine, which has each response judged by httplint."""
    with Client(served(request.param, "shared"), exchanges) as client:
        yield client


@pytest.fixture(scope="module", autouse=True)
def schema_runs(request, served, seed, thoroughness):
    """Runs of schemathesis on servers of their own, which go on beside the other tests if somebody will ask for them."""
    from fixtures.schema_cases import SchemaRun

    wanted = [
        item.callspec.params["engine"]
        for item in request.session.items
        if item.module is request.module and item.originalname == test_the_api_keeps_to_its_document.__name__
    ]
    runs = {}
    with ExitStack() as stack:
        for engine in wanted:
            url = f"{served(engine, 'to be tried').url}/openapi.json"
            cases = CASES * min(thoroughness, MORE)
            runs[engine] = SchemaRun(url, cases=cases, seed=seed, refusals=STATE_REFUSES)
            stack.callback(runs[engine].close)
            runs[engine].start()
        yield runs


@pytest.fixture
def note(client):
    """The address of a new note."""
    return client.send("POST", "/notes", "a note").headers["location"]


def test_a_note_is_made_read_changed_and_forgotten(client, draw):
    """What is made has an address; there it is read, replaced and deleted, and each answer says by its status what has come of it."""
    made = client.send("POST", "/notes", "first")
    at = made.headers["location"]
    read = client.send("GET", at)
    replaced = client.change("PUT", at, "second", tag=read.headers["etag"])
    again = client.send("GET", at)
    asked = head("GET", at, "Accept: application/json", "Connection: close")
    lanes = {"request": asked, "response": answers(client.server, asked)}
    gone = client.change("DELETE", at)

    draw.timeline(
        "One exchange",
        "What was sent and what came back: a first line, fields, an empty line, a body.",
        [{"name": name, "spans": parts_of(message)} for name, message in lanes.items()],
        x="byte of the message [B]",
    )
    assert [each.status for each in (made, read, replaced, again, gone)] == [201, 200, 204, 200, 204]
    assert (made.json, read.json["text"], again.json["text"]) == (read.json, "first", "second")
    assert client.send("GET", at).status == 404


def test_reading_changes_nothing_and_repeating_changes_nothing_more(client, note, observe):
    """GET, HEAD and OPTIONS leave all as it is; PUT and DELETE done thrice leave what they do once; each POST makes something."""
    before = client.send("GET", "/notes").body
    read = [client.send(method, at).status for method in ("GET", "HEAD", "OPTIONS") for at in ("/notes", note)]
    untouched = client.send("GET", "/notes").body
    put = [(client.change("PUT", note, "same").status, client.send("GET", "/notes").body) for _ in range(3)]
    deleted = [(client.change("DELETE", note).status, client.send("GET", "/notes").body) for _ in range(3)]
    posted = {client.send("POST", "/notes", "same").headers["location"] for _ in range(3)}

    observe("notes made by three equal POSTs", len(posted), "notes")
    assert set(read) == {200, 204}
    assert untouched == before
    assert len(set(put)) == 1
    assert [status for status, _ in deleted] == [204, 404, 404]
    assert len({state for _, state in deleted}) == 1
    assert len(posted) == 3


@pytest.mark.parametrize("path", ["/notes", "/changes", "/notes/999999"])
def test_head_is_answered_as_get_without_the_body(client, path):
    """HEAD gets the fields that GET gets, the length of the body among them, and not one byte of the body."""
    with_body = answers(client.server, head("GET", path, "Connection: close"))
    without = answers(client.server, head("HEAD", path, "Connection: close"))
    fields, heads = client.send("GET", path).headers, client.send("HEAD", path).headers

    changing = {"date", "transfer-encoding"}
    assert with_body.partition(b"\r\n\r\n")[2]
    assert without.partition(b"\r\n\r\n")[2] == b""
    assert statuses(without) == statuses(with_body)
    assert {n: v for n, v in heads.items() if n not in changing} == {
        n: v for n, v in fields.items() if n not in changing
    }


def test_a_resource_tells_its_methods(client, note):
    """OPTIONS and 405 say in Allow what can be done here; a method that nobody knows is 501."""
    told = {path: client.send("OPTIONS", path) for path in ("/notes", note)}
    refused = {path: client.send("PATCH", path, "a") for path in told}

    expected = {"/notes": "GET, HEAD, OPTIONS, POST", note: "DELETE, GET, HEAD, OPTIONS, PUT"}
    assert {path: answer.headers["allow"] for path, answer in told.items()} == expected
    assert {path: answer.headers["allow"] for path, answer in refused.items()} == expected
    assert {answer.status for answer in refused.values()} == {405}
    assert client.send("BREW", note).status == 501


def test_long_work_is_accepted_and_can_be_asked_after(client):
    """Work that takes longer is answered at once with 202 and an address, where one sees when it is done."""
    accepted = client.send("POST", "/exports")
    at = accepted.json["monitor"]

    assert (accepted.status, accepted.json["state"]) == (202, "waiting")
    eventually(lambda: client.send("GET", at).json["state"] == "done")


@pytest.mark.parametrize(("status", "kept"), [(301, False), (302, False), (307, True), (308, True)])
def test_a_redirection_keeps_the_method_only_if_it_says_so(client, status, kept):
    """Behind 307 and 308 a POST is a POST again and makes its note; behind 301 and 302 clients ask by GET, and no note is made."""
    import httpx2

    old = next(path for path, moved in MOVED.items() if moved == status)
    told = client.send("POST", old, "moved")
    with httpx2.Client(base_url=client.server.url, follow_redirects=True) as follower:
        arrived = follower.post(old, json={"text": f"through {status}"})

    assert (told.status, told.headers["location"]) == (status, "/notes")
    assert (arrived.request.method, arrived.status_code) == (("POST", 201) if kept else ("GET", 200))


def test_what_a_client_has_is_not_sent_again(client, observe):
    """Asked with the tag of what it has, a client gets 304 and no body, until there is something else; a likeness of the tag is enough."""
    at = client.send("POST", "/notes", LARGE).headers["location"]
    full = client.send("GET", at)
    tag = full.headers["etag"]
    unchanged = [client.send("GET", at, If_None_Match=each) for each in (tag, f"W/{tag}", f'"other", {tag}', "*")]
    client.change("PUT", at, "changed")
    changed = client.send("GET", at, If_None_Match=tag)

    observe("bytes of a body that a 304 saved", len(full.body), "B")
    assert {(each.status, each.body) for each in unchanged} == {(304, b"")}
    assert all(
        each.headers[name] == full.headers[name] for each in unchanged for name in ("etag", "cache-control", "vary")
    )
    assert len(full.body) - len(unchanged[0].body) >= SAVED_BYTES
    assert (changed.status, changed.json["text"]) == (200, "changed")


def test_nobody_overwrites_what_he_has_not_seen(client, note, observe):
    """A change without a condition gets 428, one with an old tag or a mere likeness 412; of many with one tag exactly one comes through."""
    tag = client.send("GET", note).headers["etag"]
    refused = [client.send("PUT", note, "blind").status, client.send("DELETE", note).status]
    refused += [client.change("PUT", note, "late", tag=each).status for each in ('"old"', f"W/{tag}", "")]

    def change(number):
        with Client(client.server) as one:
            return one.change("PUT", note, f"by {number}", tag=tag).status

    with ThreadPoolExecutor(CLIENTS) as pool:
        told = sorted(pool.map(change, range(CLIENTS)))
    observe("changes of one version that came through", told.count(204), "changes")
    assert refused == [428, 428, 412, 412, 412]
    assert told == [204, *[412] * (CLIENTS - 1)]


def test_a_part_is_sent_as_a_part(client, note):
    """Who asks for bytes gets 206 and those, if the note is still the same; 416 if there are none; what cannot be understood is ignored."""
    whole = client.send("GET", note)
    size, tag = len(whole.body), whole.headers["etag"]
    parts = {each: client.send("GET", note, Range=f"bytes={each}") for each in ("0-0", "4-", "-3", f"2-{10 * size}")}
    beyond = client.send("GET", note, Range=f"bytes={size}-")
    ignored = ["lines=0-1", "bytes=3-2", "bytes=-", "bytes=0-1,3-4"]

    body = whole.body
    expected = {"0-0": body[:1], "4-": body[4:], "-3": body[-3:], f"2-{10 * size}": body[2:]}
    assert {each: part.body for each, part in parts.items()} == expected
    assert {part.status for part in parts.values()} == {206}
    assert parts["0-0"].headers["content-range"] == f"bytes 0-0/{size}"
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert [client.send("GET", note, Range=each).status for each in ignored] == [200] * len(ignored)
    assert [client.send("GET", note, Range="bytes=0-0", If_Range=each).status for each in (tag, '"old"')] == [206, 200]


def test_a_refusal_says_why_and_changes_nothing(client, note, observe):
    """Each mistake has a status of its own, told as problem+json, and behind it everything is as before."""
    before, told = client.send("GET", "/notes").body, {}
    for mistake, (_, (method, path, *content), *more) in REFUSED.items():
        fields = {"Content_Type": "application/json", **(more[0] if more else {})}
        told[mistake] = client.send(method, path.format(note=note), *content, **fields)

    observe("kinds of mistakes", len(told), "mistakes")
    assert {mistake: answer.status for mistake, answer in told.items()} == {m: case[0] for m, case in REFUSED.items()}
    assert {answer.headers["content-type"] for answer in told.values()} == {PROBLEM_JSON}
    assert [answer.json["status"] for answer in told.values()] == [answer.status for answer in told.values()]
    assert all(answer.json["detail"] and answer.json["title"] for answer in told.values())
    assert client.send("GET", "/notes").body == before


def test_a_stream_comes_piece_by_piece(client, note):
    """Content whose length nobody knows comes in chunks, each as soon as there is something to tell; the last one says that it is all."""
    number = int(note.rpartition("/")[2])
    whole = client.send("GET", "/changes")
    with Client(client.server) as listener:
        listener.connection.request("GET", "/changes", headers={"Prefer": "wait=5"})
        stream = listener.connection.getresponse()
        present = [json.loads(stream.readline())["number"] for _ in whole.body.splitlines()]
        client.change("PUT", note, "changed")
        told = json.loads(stream.readline())["number"]

    assert whole.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in whole.headers
    assert number in present
    assert told == number


def test_a_session_is_for_the_browser_alone(client):
    """The cookie of a session is not for scripts, not for plain connections and not for forms of other sites, and ends with the session."""
    given = client.send("POST", "/session").headers["set-cookie"]
    cookie = SimpleCookie(given)[COOKIE]
    kept = f"{COOKIE}={cookie.value}"
    states = [client.send("GET", "/session", Cookie=each).status for each in (kept, f"{COOKIE}=guessed", "other=1")]
    ended = client.send("DELETE", "/session", Cookie=kept).headers["set-cookie"]

    assert (cookie["secure"], cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, True, "Lax", "/")
    assert not cookie["domain"]
    assert states == [200, 404, 404]
    assert SimpleCookie(ended)[COOKIE]["max-age"] == "0"
    assert client.send("GET", "/session", Cookie=kept).status == 404


@pytest.mark.parametrize("how", CUT)
def test_a_body_that_was_cut_off_is_no_body(client, how):
    """A body that ends before its end makes no note, even if what came of it would be one; nobody is told that it did."""
    before = client.send("GET", "/notes").body
    got = answers(client.server, b"".join(CUT[how]), end=True)

    assert all(status == 400 for status in statuses(got))
    assert client.send("GET", "/notes").body == before


@pytest.mark.parametrize("path", ["/notes", "/changes"])
def test_an_answer_that_was_cut_off_is_known_as_such(client, note, path):
    """Who gets less than the length that was announced, or no last chunk, knows that it has not got all."""
    whole = answers(client.server, head("GET", path, "Connection: close"))
    last = b"0\r\n\r\n" if path == "/changes" else b"]"

    assert read_as_response(whole) == client.send("GET", path).body
    with pytest.raises(IncompleteRead):
        read_as_response(whole.removesuffix(last))


@pytest.mark.parametrize("engine", engines(dict.fromkeys(ENGINES)))
def test_a_head_that_drips_is_hung_up_on(engine, served, observe):
    """Who sends a request field by field and never comes to an end is hung up on, while others are served."""
    impatient, begin = served(engine, "to be dripped on", SHORT_HEAD_SECONDS), head("GET", "/notes")[:-2]
    with ThreadPoolExecutor(1) as pool, Client(impatient) as other:
        slow = pool.submit(dripped, impatient, begin, b"X-Drop: 1\r\n", DROPS, DROP_SECONDS)
        meanwhile = other.send("GET", "/notes").status
        drops, told = slow.result()

    observe("fields until the server hung up", drops, "fields")
    assert meanwhile == 200
    assert drops < DROPS
    assert statuses(told) in ([], [408])


@pytest.mark.parametrize("what", GARBAGE)
def test_garbage_behind_a_request_spoils_no_answer(client, note, what):
    """Requests sent in one go are answered in order; garbage behind them is refused like any mistake, and nothing behind it is read."""
    several = head("GET", note) + head("GET", "/nowhere") + head("GET", note, "Connection: close")
    spoilt = answers(client.server, head("GET", note) + GARBAGE[what] + head("DELETE", note, "If-Match: *"))
    text, refused = client.send("GET", note).body, last_exchange(spoilt)

    assert statuses(answers(client.server, several)) == [200, 404, 200]
    assert statuses(spoilt) == [200, 400]
    assert spoilt.partition(b"\r\n\r\n")[2].startswith(text)
    assert json.loads(refused.body)["status"] == 400
    assert {name.lower() for name, _ in refused.headers} >= {"cache-control", "content-type"}
    assert message_notes([refused]) == []


def test_without_conditions_one_of_two_changes_is_lost(client, note):
    """Counterexample: two read, both change what they have read, and whoever asks for no condition overwrites what the other has done."""
    first, second = (client.send("GET", note).json["text"] for _ in range(2))
    blind = [client.change("PUT", note, text) for text in (f"{first}, eggs", f"{second}, milk")]
    lost = client.send("GET", note).json["text"]

    assert {answer.status for answer in blind} == {204}
    assert "eggs" not in lost


def test_many_requests_travel_on_one_connection(client, note, observe):
    """A connection is opened once and carries one request after the other, refused ones too."""
    asked = [client.send("GET", path).status for path in (note, "/nowhere") * (REQUESTS // 2)]

    observe("requests on one connection", len(asked) / len(client.ports), "requests")
    assert set(asked) == {200, 404}
    assert len(client.ports) == 1


def test_no_response_is_complained_of(client, exchanges, observe):
    """Of all responses that clients have got here, httplint has nothing bad to say, and each says who may keep it for how long."""
    for method, path in TOUR:
        client.send(method, path)

    observe("responses judged", len(exchanges), "responses")
    assert message_notes(exchanges[-len(TOUR) :]) == []  # as the client has asserted of all others
    assert all("cache-control" in {name.lower() for name, _ in each.headers} for each in exchanges)


@pytest.mark.parametrize("engine", engines(dict.fromkeys(ENGINES)))
def test_the_api_keeps_to_its_document(engine, schema_runs, observe):
    """Requests that the OpenAPI document allows or forbids, a thousand on both engines together, are answered as it says."""
    found = schema_runs[engine].result()
    reached = sum(count for status, count in found.statuses.items() if status < 400)

    observe("cases tried", found.tried, "cases")
    observe("cases that failed", len(found.failures), "cases")
    assert found.failures == ()
    assert found.tried >= CASES
    assert reached >= REACHED * found.tried


@pytest.mark.benchmark(group="one note read over a kept connection")
def test_the_cost_of_one_exchange(client, note, benchmark):
    """What it costs to ask for a note and to get it."""

    def exchange():
        client.connection.request("GET", note)
        answer: HTTPResponse = client.connection.getresponse()
        answer.read()
        return answer.status

    assert benchmark(exchange) == 200

"""Response formats · JSON and XML

Problem        Programs of different makers exchange one thing, and each prefers to write it down in its own way.
Idea           The resource is one; its formats are ways to write it down. A client says in Accept what it takes and in Content-Type
               what it sends, and the server maps each format to the same resource, with a contract for each.
Guarantees     Whatever a client writes in one format is read the same in every other. A body that is malformed, ambiguous, no invoice,
               altered on the way or cut off is refused with a reason, in bounded memory, and leaves nothing behind.
Trade-off      The resource can hold only what every format can say: no control characters, integers of 63 bits, money as text. A
               mapping to XML has to be written by hand for each resource; a strict reader costs more than a trusting one.
Not shown      Canonical forms and signatures of documents; compressed bodies (who unpacks for strangers needs limits of its own);
               formats with a schema compiled in (Protocol Buffers, Avro); representations that are too large for one answer.
Sources        RFC 9110 §8.3, §12.5.1 (Content-Type, Accept); RFC 8259 (JSON); RFC 7493 (I-JSON); XML 1.0; XML Schema 1.0; RFC 9530
               (Content-Digest); RFC 9457 (problem details); JSON Schema 2020-12; the specification of MessagePack
Implementation src/sysdesign/apis/response_formats
Engines        json · orjson · lxml
"""

import functools
import gzip
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from fixtures.apps import served_apps
from fixtures.documents import (
    ACCEPTED,
    AT_THE_LIMIT,
    DOCUMENT,
    JSON,
    MESSAGE_PACK,
    NAMESPACE,
    NO_LIMIT_OF_ITS_OWN,
    OVER_THE_LIMIT,
    REFUSED,
    SAME_IN_XML,
    SAMPLE,
    XML,
    as_xml,
    attacks,
    begin,
    changed,
    corpus,
    get,
    invoices,
    lacking,
    put,
    request,
    send,
)
from fixtures.endpoints import served_endpoints
from fixtures.engines import engines
from fixtures.memory import grown, growth_of
from fixtures.properties import seeded
from sysdesign.apis.response_formats import (
    ENGINES,
    MAX_BODY_BYTES,
    Problem,
    content_digest,
    create_app,
    markup,
    offer,
    stream,
)

API = "sysdesign.apis.response_formats:create_app"
TYPES = [JSON, XML, MESSAGE_PACK]
SAMPLE_PATH, PATH = f"/invoices/{SAMPLE.number}", f"/invoices/{DOCUMENT['number']}"
KEPT = (201, 204)
ATTACK_BYTES = 16 * 1_048_576  # by which the server may grow under all attacks: sixteen of the longest bodies
SHORT_BYTES = 16_384  # of a document that is read before, to have everything at hand
STREAM_BYTES, STREAMED_BYTES = 1_048_576, 4 * 1_048_576  # by which a reader may grow, of a document so long
CORPUS = 100  # invoices
CLIENTS = 8
XML_PER_JSON, PACKED_PER_JSON, ZIPPED_XML_PER_JSON = 1.25, 0.85, 1.15  # bytes
ORJSON_PER_JSON_WRITTEN, ORJSON_PER_JSON_PARSED = 0.2, 0.5  # cost
PARSED_PER_DEFUSED = 0.8  # cost of safe parsing here, by that of defusedxml
ATTACK_PER_INVOICE = 1.0  # what the refusal of an attack costs, by what reading an invoice does


def by_type():
    """Return the formats by their media types."""
    return dict(zip(TYPES, offer(), strict=True))


def written(document, kind):
    """Write plain values, right or wrong, in a format of this media type."""
    return as_xml(document) if kind == XML else by_type()[kind].values.write(document)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The API on each engine, started when it is first needed."""
    with ExitStack() as stack:
        app = stack.enter_context(served_apps())
        folder = tmp_path_factory.mktemp("documents")
        yield functools.cache(lambda engine: app(API, database=str(folder / f"{engine}.db"), engine=engine))


@pytest.fixture(params=engines({"json": None, "orjson": None}))
def api(request, served):
    """The API with one of the engines that read and write JSON."""
    return served(request.param)


@pytest.fixture(params=engines({"lxml": None}))
def xml_api(served):
    """The API, where it reads XML."""
    return served("json")


def read_all(pieces):
    """Read all invoices of a long document."""
    return list(stream(pieces))


def status_of(read, body):
    """Return 200 for a body that is read, or else the status of its refusal."""
    try:
        read(body)
    except Problem as problem:
        return problem.status
    return 200


def test_what_is_written_in_one_format_can_be_had_in_every_other(api, observe):
    """An invoice that was sent in one format is given out in each, and none of its values has changed."""
    exchanged = {}
    for sent_as, each in by_type().items():
        put(api, SAMPLE_PATH, each.write(SAMPLE), sent_as)
        for kind, other in by_type().items():
            exchanged[sent_as, kind] = other.read(get(api, SAMPLE_PATH, kind).body)

    observe("ways from a format to a format", len(exchanged), "ways")
    assert len(exchanged) == 9
    assert set(exchanged.values()) == {SAMPLE}


ACCEPT = {
    None: JSON,
    "*/*": JSON,
    "application/xml": XML,
    "text/xml": "text/xml",
    "application/*": JSON,
    "text/*": "text/xml",
    "APPLICATION/XML": XML,
    "application/json;q=0.5, application/xml": XML,
    "application/json;q=0.5, application/xml;q=0.4": JSON,
    "application/xml;q=0.1, */*;q=0.01": XML,
    "*/*, application/json;q=0": XML,
    "application/json;q=0.2, */*;q=0.1": JSON,
    "application/*;q=0.9, text/xml;q=0.91": "text/xml",
    "application/xml;charset=utf-8": XML,
    "application/xml;charset=utf-16, application/json;q=0.1": JSON,
    'application/xml;note="a, application/json", application/json;q=0.1': JSON,
    "application/xml;q=2, application/json;q=0.1": JSON,
    "nonsense, application/vnd.msgpack": MESSAGE_PACK,
    "image/png": None,
    "*/*;q=0": None,
    "application/json;q=0.000": None,
}


def test_a_client_gets_the_format_that_it_likes_best(api, observe):
    """The most specific range decides how much a client likes a type; the best liked is served, and none is 406."""
    put(api, SAMPLE_PATH, by_type()[JSON].write(SAMPLE))
    answers = {accept: get(api, SAMPLE_PATH, accept) for accept in ACCEPT}
    none = [answer for answer in answers.values() if answer.status == 406]

    observe("Accept fields", len(ACCEPT), "fields")
    told = {accept: answer.status == 200 and answer.headers["content-type"] for accept, answer in answers.items()}
    assert told == {accept: kind or False for accept, kind in ACCEPT.items()}
    assert {answer.headers.get("vary") for answer in answers.values()} == {"Accept"}
    assert all(kind in json.loads(answer.body)["detail"] for answer in none for kind in TYPES)


def test_a_body_is_read_as_what_it_says_it_is(api):
    """A body in an unknown format or encoding, or compressed, gets 415; one that is not what it says 400; one under another number 422."""
    body, xml = by_type()[JSON].write(SAMPLE), by_type()[XML].write(SAMPLE)
    unknown = ["", "text/plain", "application/json; charset=latin-1", "json", "application/jsonx", "*/*"]
    refused = [put(api, SAMPLE_PATH, body, kind) for kind in unknown]
    refused.append(put(api, "/annotations/1", xml, XML))
    packed = put(api, SAMPLE_PATH, gzip.compress(body), JSON, Content_Encoding="gzip")
    crossed = [put(api, SAMPLE_PATH, xml, JSON).status, put(api, SAMPLE_PATH, body, XML).status]

    assert {answer.status for answer in [*refused, packed]} == {415}
    assert all(JSON in answer.headers["accept"] for answer in refused)
    assert crossed == [400, 400]
    assert put(api, PATH, body).status == 422
    assert put(api, SAMPLE_PATH, body, 'Application/JSON; Charset="UTF-8"').status in KEPT


@pytest.mark.parametrize("engine", engines({"json": None, "orjson": None}))
def test_no_invoice_is_lost_between_the_formats(seed, engine):
    """Whatever an invoice holds, it is the same after being written and read in each format; both engines write the same bytes."""
    from hypothesis import given

    codecs, standard = offer(engine=engine), offer()

    @seeded(seed)
    @given(invoice=invoices())
    def there_and_back(invoice):
        documents = [codec.write(invoice) for codec in codecs]
        assert [codec.read(document) for codec, document in zip(codecs, documents, strict=True)] == [invoice] * 3
        assert documents[0] == standard[0].write(invoice)

    there_and_back()


def test_a_reader_of_binary_fractions_loses_cents_and_numbers():
    """Counterexample: who reads numbers as many JSON readers do, as binary fractions, gets another invoice and another sum."""
    number = json.loads(by_type()[JSON].write(SAMPLE), parse_int=float)["number"]
    prices = ["0.10"] * 3

    assert number != SAMPLE.number
    assert sum(map(float, prices)) != 0.30
    assert sum(map(Decimal, prices)) == Decimal("0.30")


EMPTY_OR_ABSENT = {
    ("", ()): ({"note": "", "tags": []}, "<note/><tags/>"),
    (None, ()): ({"note": None}, '<note xsi:nil="true"/>'),
    (None, ("a",)): ({"tags": ["a"]}, "<tags><tag>a</tag></tags>"),
    (" ", ("a", "b")): ({"note": " ", "tags": ["a", "b"]}, "<note> </note><tags> <tag>a</tag> <tag>b</tag> </tags>"),
}


@pytest.mark.parametrize(("meant", "said"), EMPTY_OR_ABSENT.items(), ids=["empty", "null", "absent and one", "blank"])
def test_empty_absent_and_one_of_many_are_told_apart(meant, said):
    """No note is not an empty note, and a list of one is a list: each format has its own way to say so."""
    members, elements = said
    bare = changed(lacking("note", "tags"))
    in_xml = as_xml(bare).replace(b"<lines>", elements.encode() + b"<lines>")
    read = [by_type()[kind].read(written({**bare, **members}, kind)) for kind in (JSON, MESSAGE_PACK)]
    read.append(by_type()[XML].read(in_xml))

    assert {(invoice.note, invoice.tags) for invoice in read} == {meant}


@pytest.mark.differs({"orjson": "it takes the last of them, and cannot be asked to tell"})
def test_a_name_that_stands_twice_is_refused(api):
    """A field that is there twice is refused, because two readers may see two different prices in it."""
    once = by_type()[JSON].write(SAMPLE)
    packed = by_type()[MESSAGE_PACK].write(SAMPLE)
    twice = once.replace(b'"price":"12.10"', b'"price":"12.10","price":"0.01"')
    packed_twice = packed.replace(b"\x84\xa3sku", b"\x85\xa3sku\xa3A-0\xa3sku", 1)
    in_xml = as_xml(DOCUMENT).replace(b"<number>", b"<number>8</number><number>")

    assert put(api, SAMPLE_PATH, packed_twice, MESSAGE_PACK).status == 400
    assert put(api, PATH, in_xml, XML).status == 422
    assert put(api, SAMPLE_PATH, twice).status == 400


@pytest.mark.differs({"orjson": "it makes a binary fraction of it, without a word"})
def test_an_integer_that_would_lose_digits_is_refused(api):
    """An integer that not every format can hold is refused, and one that they can comes back as it was."""
    answers = [put(api, "/annotations/1", str(number).encode()) for number in (2**64, -(2**63) - 1)]
    largest = put(api, "/annotations/1", str(2**64 - 1).encode())

    assert largest.status in KEPT
    assert by_type()[MESSAGE_PACK].values.read(get(api, "/annotations/1", MESSAGE_PACK).body, unique=True) == 2**64 - 1
    assert [answer.status for answer in answers] == [400, 400]


@pytest.mark.parametrize("kind", TYPES, ids=["JSON", "XML", "MessagePack"])
def test_the_contract_is_the_same_in_every_format(kind, observe):
    """What one schema allows the other allows, and what is one step beyond a limit is refused by both, with a reason."""
    read = by_type()[kind].read
    allowed = {str(document): status_of(read, written(document, kind)) for document in AT_THE_LIMIT}
    refused = {str(document): status_of(read, written(document, kind)) for document in OVER_THE_LIMIT}

    observe("documents one step beyond a limit", len(refused), "documents")
    assert set(allowed.values()) == {200}, allowed
    assert set(refused.values()) == {422}, [document for document, status in refused.items() if status != 422]


@pytest.mark.parametrize("kind", TYPES, ids=["JSON", "XML", "MessagePack"])
def test_older_and_newer_writers_are_understood(served, kind):
    """A document that lacks what was added later is read, and one that holds what is not known yet is read without it."""
    older = changed(lacking("due", "note", "tags"))
    newer = changed(lambda document: document.update(currency="EUR", note="new"))
    newer["lines"][0].update(discount="0.10")
    body = written(newer, kind).replace(b"<tags>", b"<tags><colour/>").replace(b"</line>", b"</line><gift/>")
    api = served("json")

    put(api, PATH, written(older, kind), kind)
    from_older = json.loads(get(api, PATH).body)
    put(api, PATH, body, kind)
    from_newer = json.loads(get(api, PATH).body)

    as_told = {**DOCUMENT, "issued": "2026-11-26T10:00:00+00:00"}
    assert from_older == {**as_told, "due": None, "note": None, "tags": []}
    assert from_newer == {**as_told, "note": "new"}


def exchanged(api, in_xml):
    """Send an invoice in XML and return what it is in JSON, or why it is none."""
    answer = put(api, PATH, in_xml, XML)
    return json.loads(get(api, PATH).body if answer.status in KEPT else answer.body or "null")


def test_what_has_no_twin_in_json_means_nothing_or_is_refused(xml_api, observe):
    """The order of attributes, prefixes and comments mean nothing in XML, another namespace is another field, mixed text is refused."""
    plain = as_xml(DOCUMENT)
    read = {name: exchanged(xml_api, plain.replace(*change)) for name, change in SAME_IN_XML.items()}
    looks_like_a_declaration = exchanged(xml_api, plain.replace(b">thanks<", b"><![CDATA[<!DOCTYPE a>]]><"))
    mixed = put(xml_api, PATH, plain.replace(b">thanks<", b">many <b>thanks</b><"), XML)
    moved = put(xml_api, PATH, plain.replace(NAMESPACE.encode(), b"urn:other"), XML)

    observe("spellings of one invoice", len(read), "spellings")
    assert read == dict.fromkeys(SAME_IN_XML, exchanged(xml_api, plain))
    assert looks_like_a_declaration["note"] == "<!DOCTYPE a>"
    assert (mixed.status, moved.status) == (422, 422)


def test_each_text_is_json_or_refused(api, observe):
    """The classic cases of what is JSON and what only looks like it have no wrong verdict, and nothing is the server's own failure."""
    statuses = {text: put(api, "/annotations/1", text.encode()).status for text in [*ACCEPTED, *REFUSED]}

    observe("texts", f"{len(ACCEPTED)} accepted, {len(REFUSED)} refused")
    assert [text for text in ACCEPTED if statuses[text] not in KEPT] == []
    assert [text for text in REFUSED if statuses[text] != 400] == []


REFERENCES = """<include xmlns="http://www.w3.org/2001/XInclude" parse="text" href="{file}"/>
    <other xsi:schemaLocation="urn:other {url}" xsi:noNamespaceSchemaLocation="{url}"/><number>"""


@pytest.fixture
def elsewhere():
    """An address that notes who calls it."""
    with served_endpoints() as make:
        yield make()


def test_nothing_is_expanded_fetched_or_read_for_a_document(xml_api, elsewhere, tmp_path, observe):
    """Documents that would grow without bound, read a file or call an address are refused before anything of the kind is done."""
    secret = tmp_path / "secret"
    secret.write_text("a secret")
    bodies = attacks(secret, elsewhere.url)
    put(xml_api, PATH, as_xml(DOCUMENT), XML)
    with grown(xml_api.process.pid) as growth:
        answers = {name: put(xml_api, PATH, body, XML) for name, body in bodies.items()}
    referring = as_xml(DOCUMENT).replace(
        b"<number>", REFERENCES.format(file=secret.as_uri(), url=elsewhere.url).encode()
    )
    referred = exchanged(xml_api, referring)
    in_pieces = {name: status_of(read_all, [body[:50], body[50:]]) for name, body in bodies.items()}

    observe("attacks", len(answers), "documents")
    observe("growth of the server", growth.peak_bytes / 1_048_576, "MiB")
    assert {name: answer.status for name, answer in answers.items()} == in_pieces == dict.fromkeys(bodies, 400)
    assert not [
        name for name, answer in answers.items() if b"secret" in answer.body or not json.loads(answer.body)["detail"]
    ]
    assert (referred["customer"], elsewhere.requests) == ("Ada", [])
    assert growth.peak_bytes <= ATTACK_BYTES


def test_no_body_gets_out_of_bounds(api, observe):
    """What is nested without end, huge, endless or not text is refused with a reason in each format, in bounded memory."""
    deep_xml = b"<a>" * 100_000 + b"</a>" * 100_000
    put(api, PATH, as_xml(DOCUMENT), XML)
    with grown(api.process.pid) as growth:
        answers = {name: put(api, "/annotations/1", body, kind) for name, (kind, body) in NO_LIMIT_OF_ITS_OWN.items()}
        answers["deep XML"] = put(api, PATH, deep_xml, XML)
        long = put(api, "/annotations/1", b" " * (MAX_BODY_BYTES + 1))

    observe("growth of the server", growth.peak_bytes / 1_048_576, "MiB")
    assert {name: answer.status for name, answer in answers.items()} == dict.fromkeys(answers, 400)
    assert all(json.loads(answer.body)["detail"] for answer in answers.values())
    assert (long.status, put(api, "/annotations/1", b"1".ljust(MAX_BODY_BYTES)).status) in ((413, 201), (413, 204))
    assert get(api, f"/invoices/{'9' * 5_000}").status == 404
    assert growth.peak_bytes <= ATTACK_BYTES


def open_connections(program):
    """Count the connections that a server has."""
    connections = psutil.Process(program.process.pid).net_connections("tcp")
    return sum(connection.status == psutil.CONN_ESTABLISHED for connection in connections)


def test_half_a_body_is_no_body(served, link, eventually, thoroughness):
    """When the line is cut in mid-upload, nothing is stored, even if what came would make sense, and the server goes on."""
    api, whole = served("json"), request("PUT", "/annotations/12", b"1234567890", {"Content-Type": JSON})
    for _ in range(thoroughness):
        wire = link((api.host, api.port))
        with begin(wire, whole[:-6]):
            eventually(lambda wire=wire: wire.to_server.passed == len(whole) - 6 and open_connections(api))
            wire.cut()
            eventually(lambda: not open_connections(api))

        assert get(api, "/annotations/12").status == 404
        assert put(api, PATH, written(DOCUMENT, JSON)).status in KEPT


def test_what_was_acknowledged_outlives_the_server_and_half_a_body_does_not(app, tmp_path, eventually, thoroughness):
    """A server that is killed in mid-upload and started again has what it had acknowledged, the same in every format, and no more."""
    api = app(API, database=str(tmp_path / "documents.db"))
    acknowledged = put(api, SAMPLE_PATH, by_type()[XML].write(SAMPLE), XML).status
    before = [get(api, SAMPLE_PATH, kind).body for kind in TYPES]
    for _ in range(thoroughness):
        with begin(api, request("PUT", PATH, written(DOCUMENT, JSON), {"Content-Type": JSON})[:-1]):
            eventually(lambda: open_connections(api))
            api.kill()
        api.start()

    assert acknowledged == 201
    assert [get(api, SAMPLE_PATH, kind).body for kind in TYPES] == before
    assert get(api, PATH).status == 404


def test_clients_that_write_at_once_each_get_their_own_answer(xml_api, observe):
    """Many clients that send invoices and what is none at the same time, in every format, are each told what is wrong with theirs."""
    wrong = [{**DOCUMENT, "customer": ""}, {**DOCUMENT, "due": "never"}, {**DOCUMENT, "tags": ["x" * 51]}]
    sent = [(document, kind) for document in [DOCUMENT, *wrong] for kind in TYPES] * CLIENTS
    put(xml_api, PATH, written(DOCUMENT, JSON))
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda each: put(xml_api, PATH, written(*each), each[1], Accept=JSON), sent))
    told = {}
    for (document, kind), answer in zip(sent, answers, strict=True):
        told.setdefault((str(document), kind), set()).add((answer.status, answer.body))

    observe("requests at once", len(sent), "requests")
    assert {len(answers) for answers in told.values()} == {1}
    assert [status for ((status, _),) in told.values()] == [204] * len(TYPES) + [422] * len(TYPES) * len(wrong)


ALTERED = {  # which byte, whether there is a digest, how it is answered, and which price is kept
    "a price, with a digest": (b"2.10", True, 400, "12.10"),
    "a price, without": (b"2.10", False, 204, "13.10"),
    "a bracket, without": (b"{", False, 400, "12.10"),
}


@pytest.mark.parametrize(("byte", "digest", "status", "price"), ALTERED.values(), ids=ALTERED)
def test_a_byte_altered_on_the_way_is_noticed_by_a_digest_or_believed(served, link, byte, digest, status, price):
    """What is altered and makes no sense is refused; a price that makes sense all the same is believed, unless a digest came with it."""
    api, body = served("json"), written(DOCUMENT, JSON)
    put(api, PATH, body)
    wire = link((api.host, api.port))
    fields = {"Content-Type": JSON, **({"Content-Digest": content_digest(body)} if digest else {})}
    wire.alter_byte(to_server=request("PUT", PATH, body, fields).index(byte))
    answer = send(wire, request("PUT", PATH, body, fields))

    assert answer.status == status
    assert json.loads(get(api, PATH).body)["lines"][0]["price"] == price


DIGESTS = {"sha-256=broken": 400, "sha-512=:AAAA:": 400, "sha-256": 400, "\xff": 400, "md5=:AAAA:": 204}


def test_an_answer_altered_on_the_way_is_noticed_by_its_reader(served, link):
    """Each answer carries its digest, so that a client sees whether it came as it was sent; its own digest must be right, too."""
    api = served("json")
    put(api, PATH, written(DOCUMENT, JSON))
    intact, wire = get(api, PATH), link((api.host, api.port))
    get(wire, PATH)
    wire.alter_byte(to_client=2 * len(wire.to_client.recorded) - 2)
    altered = get(wire, PATH)

    assert intact.headers["content-digest"] == content_digest(intact.body)
    assert altered.headers["content-digest"] != content_digest(altered.body)
    assert [put(api, PATH, written(DOCUMENT, JSON), Content_Digest=digest).status for digest in DIGESTS] == [
        *DIGESTS.values()
    ]


def test_one_entry_adds_a_format(tmp_path):
    """With MessagePack in the list of formats it is read, written and offered; without it the API knows nothing of it."""
    from starlette.testclient import TestClient

    body, statuses = written(DOCUMENT, MESSAGE_PACK), {}
    for offered in (["json", "xml"], ["json", "xml", "msgpack"]):
        client = TestClient(create_app(str(tmp_path / f"{len(offered)}.db"), offered=offered))
        sent = client.put(PATH, content=body, headers={"Content-Type": MESSAGE_PACK}).status_code
        client.put(PATH, content=as_xml(DOCUMENT), headers={"Content-Type": XML})
        statuses[len(offered)] = sent, client.get(PATH, headers={"Accept": MESSAGE_PACK}).status_code

    assert statuses == {2: (415, 406), 3: (201, 200)}


def test_a_refusal_is_written_in_what_the_client_takes(xml_api):
    """Who takes XML is told in XML why it was refused, even if the reason quotes what XML cannot say."""
    fields = {"Content-Type": JSON, "Accept": XML}
    body = written({**DOCUMENT, "customer": "\x00<&"}, JSON)
    refused = send(xml_api, request("PUT", PATH, body, fields))

    assert (refused.status, refused.headers["content-type"]) == (422, "application/problem+xml")
    assert b"<status>422</status>" in refused.body
    assert b"\x00" not in refused.body


def test_what_a_corpus_weighs_in_each_format(observe, draw):
    """XML is the longest and MessagePack the shortest; compressed, the formats are nearly the same."""
    documents = {kind: b"".join(map(each.write, corpus(CORPUS))) for kind, each in by_type().items()}
    plain = {kind: len(body) for kind, body in documents.items()}
    zipped = {kind: len(gzip.compress(body, mtime=0)) for kind, body in documents.items()}

    for kind in TYPES:
        observe(f"{kind}, plain and gzipped", f"{plain[kind]}, {zipped[kind]}", "bytes")
    caption = "One hundred invoices in each format: compression takes away most of what tells the formats apart."
    draw(
        "The weight of a corpus",
        caption,
        {"plain": plain.items(), "gzipped": zipped.items()},
        "format",
        "bytes",
        kind="bars",
    )
    assert plain[XML] >= XML_PER_JSON * plain[JSON]
    assert plain[MESSAGE_PACK] <= PACKED_PER_JSON * plain[JSON]
    assert zipped[XML] <= ZIPPED_XML_PER_JSON * zipped[JSON]


def test_a_long_document_is_read_in_the_memory_of_one_invoice(observe):
    """Read as a stream, a document of any length takes the memory of one invoice; as a tree, it takes many times its length."""
    truncated = status_of(read_all, [by_type()[XML].write(SAMPLE)[:-1]])
    read, streaming = growth_of("fixtures.documents:read_as_stream", SHORT_BYTES, STREAMED_BYTES)
    nodes, tree = growth_of("fixtures.documents:read_as_tree", SHORT_BYTES, STREAMED_BYTES)

    observe("memory as a stream", streaming / 1_048_576, "MiB")
    observe("memory as a tree", tree / 1_048_576, "MiB")
    assert read == nodes
    assert truncated == 400
    assert streaming <= STREAM_BYTES
    assert tree >= 2 * STREAMED_BYTES


def test_what_parsing_and_writing_costs(ratio, draw):
    """The fast library writes JSON five times as fast as the standard one, and parses it twice as fast."""
    invoice, turns = corpus(5)[4], {"clock": time.thread_time, "pairs": 31, "slice_seconds": 0.005}
    packed, values = by_type()[MESSAGE_PACK], json.loads(by_type()[JSON].write(invoice))
    codecs = {**ENGINES, "msgpack": packed.values}
    texts = {name: codec.write(values) for name, codec in codecs.items()}
    read = {name: functools.partial(codec.read, texts[name], unique=True) for name, codec in codecs.items()}
    read["lxml"] = functools.partial(markup.parse, by_type()[XML].write(invoice))
    write = {name: functools.partial(codec.write, values) for name, codec in codecs.items()}
    write["lxml"] = functools.partial(by_type()[XML].write, invoice)
    others = ("orjson", "lxml", "msgpack")
    reads = {name: ratio(f"{name} ÷ json, parsed", read[name], read["json"], **turns) for name in others}
    writes = {name: ratio(f"{name} ÷ json, written", write[name], write["json"], **turns) for name in others}

    medians = {
        verb: [(n, each.median) for n, each in of.items()] for verb, of in (("parsed", reads), ("written", writes))
    }
    caption = "The cost of one invoice in each format, by what the standard library takes for JSON."
    draw("What parsing and writing costs", caption, medians, "codec", "cost ÷ json", kind="bars")
    assert writes["orjson"].high <= ORJSON_PER_JSON_WRITTEN
    assert reads["orjson"].high <= ORJSON_PER_JSON_PARSED


def test_safety_costs_less_than_an_invoice(ratio):
    """XML is parsed safely at less than the cost of defusedxml, and to refuse an attack costs less than to read an invoice."""
    from defusedxml import ElementTree

    body, read = by_type()[XML].write(corpus(5)[4]), by_type()[XML].read
    attack = attacks(Path(os.devnull), "http://127.0.0.1/")["billion laughs"]
    turns = {"clock": time.thread_time, "pairs": 31, "slice_seconds": 0.005}
    parsed = ratio(
        "parsed safely ÷ defusedxml", lambda: markup.parse(body), lambda: ElementTree.fromstring(body), **turns
    )
    refused = ratio("billion laughs ÷ an invoice", lambda: status_of(read, attack), lambda: read(body), **turns)

    assert parsed.high <= PARSED_PER_DEFUSED
    assert refused.high <= ATTACK_PER_INVOICE


@pytest.mark.parametrize("engine", engines({"json": None, "orjson": None, "lxml": None}))
@pytest.mark.benchmark(group="one invoice read, with its contract")
def test_the_cost_of_reading_one_invoice(engine, benchmark):
    """What it costs to read one invoice and to hold it to its contract."""
    each = offer(engine="json")[1] if engine == "lxml" else offer(engine=engine)[0]

    assert benchmark(each.read, each.write(SAMPLE)) == SAMPLE

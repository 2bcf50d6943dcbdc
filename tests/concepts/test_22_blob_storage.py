"""Blob storage · objects and their catalogue

Problem        Big files make a database slow, and a disk belongs to one machine. To pass them on costs an application its memory.
Idea           The bytes lie under a key in a store made for them, and the database says what they are. Clients get URLs that are
               signed, and fetch and bring the bytes themselves; what must pass through the application passes in small pieces.
Guarantees     Whoever finds a file gets all of it, as it was written, or an error: half an upload is never seen, a reader has either
               the old file or the new one, an altered byte is noticed. A signed URL is for one method, one file, one type and a time.
Trade-off      Two systems cannot commit together, so that the dead leave things behind, and somebody has to sweep. A signed URL
               cannot be taken back. What is deleted stays for a while, for those who are reading it.
Not shown      Replication and erasure codes inside the store; lifecycle rules; encryption; checksums of parts of a file.
Sources        Amazon S3 API Reference (Signature Version 4, multipart upload, conditional requests, versioning);
               RFC 9110 §14 (ranges); RFC 9530 (Repr-Digest); RFC 6266 (Content-Disposition)
Implementation src/sysdesign/distributed/blob_storage
Engines        SeaweedFS, or any S3 · moto, a mock of S3; the catalogue on sqlite · postgres
"""

import base64
import functools
import hashlib
import json
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, IncompleteRead
from urllib.parse import quote, urlsplit

import pytest

from fixtures.apps import served_apps
from fixtures.engines import engines
from fixtures.eventually import eventually
from fixtures.file_service import Service, fetch, passed, status
from fixtures.links import Link
from fixtures.meanwhile import users_of
from fixtures.servers.postgres_server import fresh_database
from fixtures.servers.s3_server import connect, fresh_bucket, through
from fixtures.servers.server import ServerMissing
from sysdesign.distributed import blob_storage
from sysdesign.distributed.blob_storage import PART_BYTES, BadKeyError, Content, Failure, Files, check_key, open_bucket

MEBIBYTE = 2**20
SIZES_MIB, BOTH_WAYS_MIB, MOST_GROWTH_MIB = (1, 8), 256, 16
PAGE, OBJECTS, WRITERS = 3, 7, 4
STORE_WRITERS = 2  # SeaweedFS lets who comes third to a lock wait for a second
EXPIRY_SECONDS, GRACE_SECONDS, TIMEOUT_SECONDS = 300, 3_600.0, 5.0
WATCHED_SECONDS = 0.3  # how long the store may be silent for who is in a hurry
KEY_BYTES, PICTURE_BYTES, CONTROL_BYTES = 1_024, 65_536, 4_096  # the last: what the messages about an upload may cost
FACTORY = "sysdesign.distributed.blob_storage:serve"
HELLO, PAGE_OF_OURS = b"hello, world", b"<script>document.title = 'ran'; console.log('ran')</script>"
DOT = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=")
MOCK_BELIEVES = "a mock believes every signature, and everything that is signed"
MOCK_FORGETS = "a mock keeps its objects in its memory"
MOCK_REORDERS = "a mock takes the parts as they come"


def content_of(data):
    return Content(len(data), base64.b64encode(hashlib.sha256(data).digest()).decode())


def outcome(act, *arguments, **more):
    """Return the status of a failure, or 200."""
    try:
        act(*arguments, **more)
    except Failure as failure:
        return failure.status
    except BadKeyError:
        return 400
    return 200


@pytest.fixture(scope="module")
def buckets(request):
    """`buckets(server, kind)`: the URL of a bucket on a server, the same for all of this module."""
    with ExitStack() as stack:

        def begin(name, kind="plain"):
            del kind
            return stack.enter_context(fresh_bucket(request.getfixturevalue(f"{name}_server")))

        yield functools.cache(begin)


@pytest.fixture(scope="module")
def opened(buckets):
    return functools.cache(lambda *which: open_bucket(buckets(*which)))


@pytest.fixture(scope="module")
def coming(servers):
    """A store of each engine that is there to be killed, on its way behind the one that all share, by the engines' names."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        makers = {name: stack.enter_context(servers.private(name)) for name in ("s3", "moto")}
        yield {name: pool.submit(lambda name=name: servers.shared(name) and makers[name]()) for name in makers}


@pytest.fixture(scope="module", autouse=True)
def meanwhile(request):
    """Begins what takes seconds beside the other tests, if one will ask for it."""
    for fixture, user in {"coming": "mortal", "passing": "passing"}.items():
        with suppress(ServerMissing):
            if users_of(request, user):
                request.getfixturevalue(fixture)


@pytest.fixture
def mortal(coming, server_name):
    """A store of the engine that is there to be killed."""
    return coming[server_name].result()


@pytest.fixture
def prefix():
    """What the test's own keys begin with in a bucket that is shared."""
    return f"{uuid.uuid4().hex}/"


@pytest.fixture
def s3_place(buckets, prefix):
    """The URL of the test's own part of a bucket on the S3."""
    return f"{buckets('s3')}/{prefix}"


@pytest.fixture
def s3_bucket(opened, prefix):
    """The test's own part of a bucket on the S3."""
    return opened("s3").under(prefix)


@pytest.fixture(params=engines({"s3": "s3", "moto": "moto"}))
def server_name(request):
    return request.param


@pytest.fixture
def bucket(server_name, opened, prefix):
    """The test's own part of a bucket on the engine, with nothing in it."""
    return opened(server_name).under(prefix)


@pytest.fixture(scope="module")
def database(request):
    with fresh_database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(params=engines({"sqlite": None, "postgres": "postgres"}))
def catalogue_url(request, tmp_path):
    """The URL of a catalogue with nothing in it, on the engine."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/catalogue.db"
    url, schema = request.getfixturevalue("database"), f"files_{uuid.uuid4().hex}"
    with request.getfixturevalue("postgres_server").recipe.client(url) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")
    return f"{url}{'&' if '?' in url else '?'}options=-csearch_path%3D{schema}"


@pytest.fixture
def files(s3_bucket, catalogue_url, clock):
    """Files on the S3, and on a database whose clock stands still until somebody moves it."""
    clock.now = time.time()
    with closing(blob_storage.Catalogue(catalogue_url, clock)) as catalogue:
        yield Files(s3_bucket, catalogue)


@pytest.fixture(scope="module")
def started_service(buckets, s3_server, tmp_path_factory):
    bucket, catalogue = f"{buckets('s3')}/served/", f"sqlite:///{tmp_path_factory.mktemp('served')}/catalogue.db"
    with served_apps() as make, closing(Link(s3_server.host, s3_server.port)) as wire:
        program = make(FACTORY, bucket=through(bucket, wire.address), catalogue=catalogue, start=False)
        program.launch()  # a browser can start at the same time
        yield Service(program, wire, open_bucket(bucket), catalogue)


@pytest.fixture
def service(started_service):
    """An application that the tests of this module share; each begins with no files, and a wire that is whole."""
    started_service.program.wait_until_ready()
    started_service.wire.heal()
    with closing(blob_storage.Catalogue(started_service.catalogue_url)) as catalogue:
        for file in catalogue.page():
            catalogue.remove(file.key)
        Files(started_service.bucket, catalogue).sweep(time.time() + 1)
    return started_service


def test_what_was_put_is_found_listed_and_deleted(bucket):
    """Bytes that were put under a key are what is got from it, with their type; deleted, they are gone, and so is the key."""
    bucket.put("shop/tea.txt", HELLO, "text/plain")
    raw, where = bucket._client, {"Bucket": bucket.name, "Key": f"{bucket.prefix}shop/tea.txt"}
    opened = bucket.open("shop/tea.txt")

    assert (opened.content_type.partition(";")[0], opened.read()) == ("text/plain", HELLO)
    assert raw.get_object(**where)["Body"].read() == HELLO
    assert [listed.key for page in bucket.pages() for listed in page] == ["shop/tea.txt"]
    bucket.delete("shop/tea.txt")
    assert outcome(bucket.open, "shop/tea.txt") == 404
    assert list(bucket.pages()) == [[]]


def test_a_list_comes_in_pages(bucket, files):
    """However many there are, they are listed a page at a time, each once and in the order of their keys."""
    for number in random.sample(range(OBJECTS), OBJECTS):
        bucket.put(f"shop/{number}", b"")
        files.put(f"shop/{number}", [b""])
    bucket.put("elsewhere", b"")
    pages, after, found = list(bucket.pages("shop/", PAGE)), "", []
    while page := files.catalogue.page("shop/", after, PAGE):
        found.append(page)
        after = page[-1].key

    expected = [[f"shop/{number}" for number in range(OBJECTS)][at : at + PAGE] for at in range(0, OBJECTS, PAGE)]
    assert [[listed.key for listed in page] for page in pages] == expected
    assert [[file.key for file in page] for page in found] == expected


def test_the_bytes_are_in_the_store_and_what_is_known_of_them_in_the_database(files):
    """The store has bytes under a name that nobody chose, the database has everything else, and both agree on what the bytes are."""
    file = files.put("shop/tea.txt", [HELLO[:5], HELLO[5:]], "text/plain")
    found, chunks = files.open(file.key)

    assert b"".join(chunks) == HELLO
    assert (found, found.content, found.content_type) == (file, content_of(HELLO), "text/plain")
    assert [listed.key for page in files.bucket.pages() for listed in page] == [file.object]
    assert file.key not in file.object


@pytest.mark.differs({"moto": MOCK_BELIEVES})
def test_a_signed_url_gets_one_file_and_does_nothing_else(bucket):
    """Who has a signed URL can read that file as it was meant; another method, file, type or expiry is refused, and so is a guess."""
    bucket.put("a", HELLO)
    bucket.put("b", HELLO)
    url = bucket.url_to_get("a", "text/plain", "tea.txt")
    changed = {"Expires=300": "Expires=3000", "/a?": "/b?", "text%2Fplain": "text%2Fhtml", "inline": "attachment"}
    altered = [url.replace(*change) for change in changed.items()] + [url[:-1] + ("0" if url[-1] != "0" else "1")]

    assert url not in altered
    assert [status(other) for other in altered] == [403] * len(altered)
    assert [status(url, method) for method in ("DELETE", "PUT", "HEAD", "GET")] == [403, 403, 403, 200]
    assert fetch(url)[1]["Content-Disposition"] == "inline; filename*=UTF-8''tea.txt"
    assert status(url.partition("?")[0]) == 403


@pytest.mark.differs({"moto": MOCK_BELIEVES})
def test_a_signed_url_is_good_until_it_expires(bucket):
    """A signed URL can be used for as long as was said, and not a moment longer; who has another secret can sign nothing."""
    import time_machine

    bucket.put("a", HELLO)
    urls, now = {}, time.time()
    for age in (EXPIRY_SECONDS - 60, EXPIRY_SECONDS + 5):
        with time_machine.travel(now - age, tick=False):
            urls[age] = bucket.url_to_get("a", "text/plain", "a"), bucket.url_to_put("b", "text/plain", 1, "")[0]
    [fresh, _], stale = urls.values()
    forger = connect(f"{bucket._client.meta.endpoint_url.replace('//', '//key:guess@')}")

    assert (status(fresh), [status(url, method) for url, method in zip(stale, ("GET", "PUT"), strict=True)]) == (
        200,
        [403, 403],
    )
    forged = forger.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": f"{bucket.prefix}a"})
    assert status(forged) == 403


@pytest.mark.differs({"moto": MOCK_BELIEVES})
def test_a_signed_upload_is_for_the_bytes_that_were_announced(bucket):
    """Who has a signed URL to upload to can bring the bytes that were announced, of that type, once, and no others."""
    url, fields = bucket.url_to_put("a", "image/png", len(DOT), content_of(DOT).sha256)
    other = bytes(len(DOT))
    tries = [(other, {}), (DOT + b"!", {}), (DOT[:-1], {}), (DOT, {"Content-Type": "text/html"})]
    tries += [(other, {"x-amz-checksum-sha256": content_of(other).sha256}), (DOT, {"If-None-Match": "no"})]

    refused = [status(url, "PUT", body, **{**fields, **change}) for body, change in tries]
    assert [code in {400, 403} for code in refused] == [True] * len(tries)
    assert outcome(bucket.open, "a") == 404
    assert [status(url, "PUT", DOT, **fields), status(url, "PUT", DOT, **fields)] == [200, 412]
    assert bucket.open("a").read() == DOT


def test_an_upload_by_signed_url_passes_the_application_by(service, link, observe):
    """Of eight megabytes that a client brings to the store, none passes through the application, which learns that they are there."""
    door, body = link((service.program.host, service.program.port)), random.randbytes(8 * MEBIBYTE)
    url, passed = f"http://{door.host}:{door.port}", lambda: door.to_server.passed + door.to_client.passed
    about = {"key": "film.mp4", "type": "video/mp4", "size": len(body), "sha256": content_of(body).sha256}
    ticket = json.loads(fetch(f"{url}/uploads", "POST", json.dumps(about))[2])
    done = f"{url}/uploads/{ticket['upload']}"
    early, before = [status(f"{url}/files/film.mp4"), status(done, "POST")], passed()
    uploaded, through_us = status(ticket["url"], "PUT", body, **ticket["headers"]), passed() - before

    observe("bytes of the upload that passed through the application", through_us, "bytes")
    assert (early, uploaded, through_us) == ([404, 404], 200, 0)
    assert status(done, "POST") == 201
    assert passed() <= CONTROL_BYTES
    assert fetch(fetch(f"{url}/urls/film.mp4")[1]["Location"])[2] == body


@pytest.mark.differs({"moto": MOCK_REORDERS})
def test_parts_come_in_any_order_and_again(bucket):
    """An upload in parts is one object when all have come, in whatever order, the last of each that came twice; nothing before."""
    last, second, first, wrong = b"c", b"b" * 5 * MEBIBYTE, b"a" * 5 * MEBIBYTE, b"x" * 5 * MEBIBYTE
    upload = bucket.begin("film", "video/mp4")
    for number, part in ((3, last), (1, wrong), (2, second), (1, first)):
        upload.part(number, part)
    before = outcome(bucket.open, "film"), list(bucket.pages())
    upload._etags = dict(reversed(upload._etags.items()))
    upload.complete()
    disordered = bucket.begin("film")
    for number in (1, 2):
        disordered.part(number, first)
    parts = [{"PartNumber": number, "ETag": disordered._etags[number]} for number in (2, 1)]
    complete = functools.partial(bucket._client.complete_multipart_upload, **disordered._where)

    assert before == (404, [[]])
    assert bucket.open("film").read() == first + second + last
    with pytest.raises(Exception, match="InvalidPartOrder"):
        complete(MultipartUpload={"Parts": parts})


def test_a_part_of_a_file_is_read_for_itself(service):
    """Who asks for a part of a file gets that part, by its ends or counted from the end, and is told if there is nothing."""
    url = service.url("range.txt")
    service.put("range.txt", HELLO)
    asked = ("bytes=0-4", "bytes=7-", "bytes=-5", "bytes=7-999", f"bytes=-{10**18 - 1}")
    parts = [fetch(url, Range=wanted) for wanted in asked]

    assert [body for _, _, body in parts] == [HELLO[:5], HELLO[7:], HELLO[-5:], HELLO[7:], HELLO]
    assert {code for code, _, _ in parts} == {206}
    assert [fields["Content-Range"] for _, fields, _ in parts][:2] == ["bytes 0-4/12", "bytes 7-11/12"]
    assert [status(url, Range=wanted) for wanted in ("bytes=12-", "bytes=99-100")] == [416, 416]
    assert [status(url, Range=wanted) for wanted in ("bytes=-", "bytes=5-1", "lines=1-2", "bytes=0-0,2-2")] == [200] * 4


def test_of_several_conditional_writes_one_wins(bucket):
    """Of all who write under a key at once, if there is nothing or if it is still what they have read, one wins and knows it."""
    at_once = threading.Barrier(STORE_WRITERS)

    def write(condition, number):
        at_once.wait()
        return outcome(bucket.put, "counter", b"%d" % number, **condition)

    with ThreadPoolExecutor(STORE_WRITERS) as pool:
        first = list(pool.map(functools.partial(write, {"if_absent": True}), range(STORE_WRITERS)))
        read = bucket.open("counter")
        second = list(pool.map(functools.partial(write, {"if_match": read.etag}), range(10, 10 + STORE_WRITERS)))

    assert [sorted(codes) for codes in (first, second)] == [[200] + [412] * (STORE_WRITERS - 1)] * 2
    assert read.read() == b"%d" % first.index(200)
    assert bucket.open("counter").read() == b"%d" % (10 + second.index(200))


def test_of_several_conditional_uploads_one_becomes_the_file(files):
    """The catalogue decides as the store does: of all uploads under way at once one becomes the file, and no other is ever seen."""
    under_way = threading.Barrier(WRITERS)

    def chunks(number):
        under_way.wait()
        yield b"%d" % number

    def race(first=0, **condition):
        with ThreadPoolExecutor(WRITERS) as pool:
            put = lambda number: outcome(files.put, "a", chunks(number), **condition)
            codes = list(pool.map(put, range(first, first + WRITERS)))
        return sorted(codes), [first + at for at, code in enumerate(codes) if code == 200], b"".join(files.open("a")[1])

    absent = race(if_absent=True)
    match, anyhow = race(10, if_match=files.catalogue.find("a").object), race(20)

    assert [absent[0], match[0], anyhow[0]] == [[200] + [412] * (WRITERS - 1)] * 2 + [[200] * WRITERS]
    assert [[int(text)] for _, _, text in (absent, match)] == [absent[1], match[1]]
    assert int(anyhow[2]) in anyhow[1]


def test_what_was_deleted_comes_back_where_versions_are_kept(server_name, opened, prefix):
    """Where versions are kept, to overwrite loses nothing and to delete leaves a marker: take it away, and the file is back."""
    bucket = opened(server_name, "with versions").under(prefix)
    bucket.keep_versions()
    old, new = (bucket.put("a", data).version for data in (b"old", b"new"))
    marker = bucket.delete("a").version
    kept = [(version.number, version.latest, version.marker) for version in bucket.versions("a")]

    assert outcome(bucket.open, "a") == 404
    assert (kept[0], {number for number, *_ in kept}) == ((marker, True, True), {old, new, marker})
    assert bucket.open("a", version=old).read() == b"old"
    bucket.delete("a", version=marker)
    assert (bucket.open("a").read(), bucket.open("a").version) == (b"new", new)


GOOD_KEYS = ["a", "a/b.txt", "é/日本", "a b+c%2F?d#e&f", "..a/b..", "k" * KEY_BYTES, "é" * (KEY_BYTES // 2)]
BAD_KEYS = [
    "",
    "..",
    "../a",
    "a/../b",
    "a/..",
    "./a",
    "a//b",
    "/a",
    "a/",
    "a\\..\\b",
    "a\0b",
    "a\nb",
    "a\x7f",
    "a\x85b",
    "a\u2028b",
]
BAD_KEYS += ["\ud800", "k" * (KEY_BYTES + 1), "é" * (KEY_BYTES // 2) + "k"]


def test_a_key_that_could_mean_something_else_is_refused(files, service):
    """No key leads out of its place, breaks a list or a log, or is too long; all others are kept, and told, as they are."""
    refused = [key for key in BAD_KEYS if outcome(check_key, key) == outcome(files.put, key, [HELLO]) == 400]
    for key in GOOD_KEYS:
        files.put(key, [key.encode()])
    sent = ["%2e%2e/a", "a/%2e%2e/b", "a//b", "a%00b", "a%0d%0aX:%20y", "a" * (KEY_BYTES + 1)]

    assert refused == BAD_KEYS
    assert {file.key: b"".join(files.open(file.key)[1]).decode() for file in files.catalogue.page()} == {
        key: key for key in GOOD_KEYS
    }
    assert {service.put(key, HELLO) for key in sent} <= {400, 404}
    assert service.put(quote(GOOD_KEYS[3], safe=""), HELLO) == 201


def begin_to_send(program, path):
    """Send one and a half parts of four, and return the connection on which the rest would come."""
    sender = HTTPConnection(program.host, program.port, timeout=TIMEOUT_SECONDS)
    sender.putrequest("PUT", path)
    sender.putheader("Content-Length", str(4 * PART_BYTES))
    sender.endheaders(bytes(3 * PART_BYTES // 2))
    return closing(sender)


def test_half_an_upload_whose_sender_goes_away_leaves_nothing(service):
    """When its sender goes away, half an upload is no file and never was, and no parts of it stay behind."""
    with begin_to_send(service.program, "/files/film.mp4"):
        eventually(service.bucket.unfinished)
        seen = status(service.url("film.mp4")), list(service.bucket.pages())

    assert seen == (404, [[]])
    eventually(lambda: not service.bucket.unfinished(), within=TIMEOUT_SECONDS)
    assert (status(service.url("film.mp4")), list(service.bucket.pages())) == (404, [[]])


def test_half_an_upload_of_a_killed_application_is_swept(service, thoroughness):
    """However often the application is killed in the midst of an upload, nothing of it is seen, and one sweep takes all parts away."""
    for kills in range(thoroughness):
        with begin_to_send(service.program, "/files/film.mp4"):
            eventually(lambda: len(service.bucket.unfinished()) > kills)  # noqa: B023
            service.program.kill()
        service.program.start()
    seen = status(service.url("film.mp4")), list(service.bucket.pages())
    with closing(blob_storage.Catalogue(service.catalogue_url)) as catalogue:
        early, swept = (Files(service.bucket, catalogue).sweep(time.time() - age) for age in (GRACE_SECONDS, 0))

    assert seen == (404, [[]])
    assert (early.uploads, len(swept.uploads)) == ([], thoroughness)
    assert service.bucket.unfinished() == []


def test_an_altered_byte_is_noticed(files, s3_server, s3_place, link):
    """A byte altered on its way to the store is refused; altered on its way back, or in the store, it is noticed by who reads it."""
    body, wire = random.randbytes(MEBIBYTE), link(s3_server)
    far = Files(open_bucket(through(s3_place, wire.address)), files.catalogue)
    wire.alter_byte(to_server=MEBIBYTE // 2)
    refused = outcome(far.put, "a", [body])
    kept = files.put("a", [body])
    wire.alter_byte(to_client=wire.to_client.passed + MEBIBYTE // 2)
    noticed, whole = outcome(lambda: list(far.open("a")[1])), b"".join(far.open("a")[1])
    files.bucket.put(kept.object, body[:-1] + bytes([body[-1] ^ 1]))
    received = []

    assert (refused in {400, 403}, noticed in {502, 503}, whole == body) == (True, True, True)
    assert outcome(lambda: received.extend(files.open("a")[1])) == 502
    assert sum(map(len, received)) < MEBIBYTE
    assert outcome(files.put, "b", [body], sha256=content_of(HELLO).sha256) == 400
    assert outcome(files.open, "b") == 404


def test_nobody_is_given_an_altered_file_as_whole(service):
    """When the store has other bytes, the application breaks its answer off before the end: no client takes it for whole."""
    body = random.randbytes(MEBIBYTE)
    service.put("a", body)
    service.wire.alter_byte(to_client=service.wire.to_client.passed + MEBIBYTE // 2)

    with pytest.raises(IncompleteRead):
        fetch(service.url("a"))
    assert fetch(service.url("a"))[2] == body


def test_a_reader_has_the_old_file_or_the_new_one(files):
    """Who reads while a file is overwritten has all of the old one or all of the new one, also by a URL that was signed before."""
    old, new = (bytes([number]) * 2 * MEBIBYTE for number in (1, 2))
    files.put("a", [old])
    begun, url = iter(files.open("a")[1]), files.url("a")
    head, between = next(begun), []

    def slowly():
        yield new[:MEBIBYTE]
        between.append(b"".join(files.open("a")[1]))
        yield new[MEBIBYTE:]

    files.put("a", slowly())
    files.sweep(time.time() - GRACE_SECONDS)

    assert [head + b"".join(begun), *between, fetch(url)[2]] == [old] * 3
    assert b"".join(files.open("a")[1]) == new


@pytest.mark.differs({"moto": MOCK_FORGETS})
def test_what_was_acknowledged_outlives_the_store(mortal):
    """While the store is dead every request says so, and when it is back, all is there that it has acknowledged."""
    with closing(mortal.client()) as client:
        client.create_bucket(Bucket="kept")
    bucket = open_bucket(f"{mortal.url}/kept", TIMEOUT_SECONDS)
    bucket.put("a", HELLO)
    mortal.kill()
    dead = [outcome(bucket.put, "b", HELLO), outcome(bucket.open, "a"), outcome(lambda: list(bucket.pages()))]
    mortal.restart()

    assert dead == [503] * 3
    assert outcome(bucket.open, "a") == 200
    assert bucket.open("a").read() == HELLO


def test_while_the_store_is_away_the_catalogue_answers(service, s3_place):
    """Without the store files are listed, but neither read nor written, and nothing of the store is told; then all goes on."""
    service.put("a", HELLO)
    hasty = open_bucket(through(s3_place, service.wire.address), WATCHED_SECONDS)
    service.wire.cut()
    cut = [fetch(service.url(key), method, HELLO) for key, method in (("a", "GET"), ("a", "PUT"), ("b", "PUT"))]
    listed = json.loads(fetch(f"{service.program.url}/files")[2])
    service.wire.heal()
    service.wire.stall()
    stalled = outcome(hasty.open, "a")
    service.wire.heal()

    assert [code for code, _, _ in cut] == [503] * 3
    assert {json.loads(body)["title"] for _, _, body in cut} == {"the store"}
    assert ([file["key"] for file in listed["files"]], stalled) == (["a"], 503)
    assert (fetch(service.url("a"))[2], status(service.url("b"))) == (HELLO, 404)


def test_a_sweep_finds_what_is_left_over_on_either_side(files, clock, observe):
    """Objects that belong to no file, files whose bytes are gone and uploads that nobody finished are found, and nothing else."""
    kept, lost, old = (files.put(key, [HELLO]) for key in ("kept", "lost", "written twice"))
    new = files.put("written twice", [HELLO])
    announced = files.begin_upload("announced", content_of(HELLO))
    status(announced.url, "PUT", HELLO, **announced.headers)
    files.put("deleted", [HELLO])
    files.delete("deleted")
    files.bucket.put("unknown", HELLO)
    files.bucket.begin("abandoned").part(1, HELLO)
    files.bucket.delete(lost.object)
    early = files.sweep(clock() - GRACE_SECONDS)
    clock.advance(GRACE_SECONDS + 1)
    coming = files.begin_upload("coming", content_of(HELLO))
    status(coming.url, "PUT", HELLO, **coming.headers)
    late, again = (files.sweep(clock() - GRACE_SECONDS) for _ in range(2))

    observe(
        "found by the sweep: objects, rows, uploads", f"{len(late.objects)}, {len(early.rows)}, {len(early.uploads)}"
    )
    assert (early.objects, early.rows, early.uploads) == (["unknown"], ["lost"], ["abandoned"])
    assert {old.object, announced.upload} < set(late.objects)
    assert (len(late.objects), late.rows, late.uploads) == (3, [], [])
    assert (again, outcome(files.finish_upload, announced.upload)) == (blob_storage.Swept(), 404)
    files.finish_upload(coming.upload)
    assert {file.object for file in files.catalogue.page()} == {coming.upload, kept.object, new.object}


def test_an_upload_that_the_sweep_has_given_up_is_not_committed(files, clock):
    """An upload that takes longer than the sweep has patience fails as a whole: no file without its bytes comes of it."""

    def too_slowly():
        yield HELLO
        clock.advance(GRACE_SECONDS + 1)
        files.sweep(clock() - GRACE_SECONDS)

    assert outcome(files.put, "a", too_slowly()) == 409
    assert outcome(files.open, "a") == 404
    assert len(files.sweep(clock()).objects) == 1


def test_a_file_that_is_announced_before_its_bytes_is_found_without_them(files):
    """Counterexample: if the database is told first, whoever looks in between finds a file, and no bytes."""
    name = uuid.uuid4().hex
    files.catalogue.expect(name, "a")
    files.catalogue.commit(name, "a", content_of(HELLO), "text/plain")
    between = [file.key for file in files.catalogue.page()], outcome(files.open, "a")
    files.bucket.put(name, HELLO)
    seen = []

    def chunks():
        yield HELLO
        seen.append((files.catalogue.page("b"), outcome(files.open, "b")))

    files.put("b", chunks())
    assert between == (["a"], 502)
    assert seen == [([], 404)]
    assert b"".join(files.open("b")[1]) == HELLO


@pytest.fixture(scope="module")
def passing(buckets, tmp_path_factory, thoroughness):
    """Files of several sizes on their way through an application of their own."""
    largest = BOTH_WAYS_MIB if thoroughness > 1 else BOTH_WAYS_MIB // 2  # half up, half down
    bucket, catalogue = f"{buckets('s3')}/passing/", f"sqlite:///{tmp_path_factory.mktemp('passing')}/catalogue.db"
    with served_apps() as make, ThreadPoolExecutor() as pool:
        application = make(FACTORY, bucket=bucket, catalogue=catalogue, start=False)
        application.launch()
        yield pool.submit(passed, application, (*SIZES_MIB, largest))


def test_a_browser_opens_a_public_url(service, s3_bucket, browser):
    """A picture that was published is shown by any browser at a URL for ever, and one that was not at a URL that is signed."""
    public = s3_bucket.publish("public/")
    s3_bucket.put("public/dot.png", DOT, "image/png")
    s3_bucket.put("private.png", DOT, "image/png")
    service.put("dot.png", DOT, "image/png")
    pages = [browser(f"{public}dot.png"), browser(service.url("dot.png", "urls"))]

    assert [page.evaluate("document.images[0].naturalWidth") for page in pages] == [1, 1]
    assert urlsplit(pages[1].url).port != service.program.port
    assert (status(f"{public}dot.png"), status(f"{public}dot.png", "DELETE")) == (200, 403)
    assert status(public.replace("public/", "private.png")) == 403


def test_what_somebody_has_uploaded_does_not_run_in_our_name(service, browser):
    """A page that was uploaded is downloaded and not shown, and what is shown is not taken for a page, whatever is in it."""
    for key, kind in {"page.html": "text/html", "page.svg": "image/svg+xml", "page.txt": "text/plain"}.items():
        service.put(key, PAGE_OF_OURS, kind)
    told = {key: fetch(service.url(key))[1] for key in ("page.html", "page.svg", "page.txt")}
    direct = fetch(fetch(service.url("page.html", "urls"))[1]["Location"])[1]
    shown = browser(service.url("page.txt"))

    assert [fields["Content-Disposition"].split(";")[0] for fields in told.values()] == ["attachment"] * 2 + ["inline"]
    assert {fields["X-Content-Type-Options"] for fields in told.values()} == {"nosniff"}
    assert all("sandbox" in fields["Content-Security-Policy"] for fields in told.values())
    assert direct["Content-Disposition"] == "attachment; filename*=UTF-8''page.html"
    assert shown.inner_text("body") == PAGE_OF_OURS.decode()
    assert (shown.title(), browser.said) == ("", [])


def test_files_of_any_size_pass_in_the_same_memory(passing, observe, draw):
    """While 256 MiB pass through the application, which holds no more than a part at a time, it grows by 16 MiB at the most."""
    came, grew = passing.result()

    observe(f"growth of the application while {2 * grew[-1][0]} MiB pass", round(grew[-1][1], 1), "MiB")
    draw(
        "Memory over the size of a file",
        "However large the file that passes through, the application grows by little more than one part of an upload.",
        {"passed through in parts": grew, "read whole, at the least": [(size, size) for size, _ in grew]},
        "size of the file [MiB]",
        "growth of the application [MiB]",
        log="xy",
    )
    assert came == [size for size, _ in grew]
    assert max(growth for _, growth in grew) <= MOST_GROWTH_MIB


@pytest.mark.parametrize("engine", engines({"through the application": "s3", "by a signed URL": "s3"}))
@pytest.mark.benchmark(group="a picture of 64 KiB read")
def test_the_cost_of_a_picture(engine, service, benchmark):
    """What it costs to read a picture of 64 KiB through the application, and from the store itself."""
    service.put("picture", bytes(PICTURE_BYTES), "image/png")
    urls = {"through the application": service.url("picture")}
    url = urls.get(engine) or fetch(service.url("picture", "urls"))[1]["Location"]

    assert len(benchmark(fetch, url)[2]) == PICTURE_BYTES

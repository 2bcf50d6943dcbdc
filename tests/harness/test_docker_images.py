"""Images built from fixtures/images/ keep the contracts of the official ones; what dead sessions left is swept."""

import contextlib
import re
import shutil
import socket
import subprocess
import sys
import urllib.request

import pytest

from fixtures import images, processes
from fixtures.servers import docker
from fixtures.servers.providers import recipes
from fixtures.servers.server import ServerMissing

ARGUMENTS = pytest.mark.parametrize(
    ("arguments", "collation"),
    [("", "en_US.utf8"), ("--auth-host=scram-sha-256 --encoding=UTF8 --locale=C --no-sync", "C")],
    ids=["by initdb", "from the template in the image"],
)
"""How the image comes to its cluster: by initdb at its first start, or from the one that was made with the image."""


@pytest.fixture
def client(servers):
    if servers.provider.name != "docker":
        raise ServerMissing("a Docker daemon", "run with --servers=docker")
    images.build()
    with contextlib.closing(docker.connect()) as client:
        yield client


@pytest.fixture
def start(client):
    """Start a container of testcontainers on Docker's own network, where the official contract was written for."""
    started = []

    def start(container, port):
        processes.guard.tell("containers", processes.SESSION)
        container.ports = {f"{port}/tcp": (processes.HOST, processes.free_port())}
        started.append(container.with_kwargs(labels=docker.labels()))
        return container.start()

    yield start
    for container in started:
        container.stop()


def postgres_container(**settings):
    from testcontainers.community.postgres import PostgresContainer

    return PostgresContainer(images.image_for("postgres"), driver=None, **settings)


def nginx_container():
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    return DockerContainer(images.image_for("nginx")).waiting_for(LogMessageWaitStrategy("start worker process "))


def get(container):
    with urllib.request.urlopen(f"http://{processes.HOST}:{container.get_exposed_port(80)}/") as answer:
        return answer.read().decode()


def user_of_first_process(container):
    identity = container.exec("stat -c %U /proc/1").output
    return identity.decode().strip()


def stops(container):
    container.get_wrapped_container().stop(timeout=20)
    return container.wait()


def test_redis_takes_bare_flags_as_redis_server_and_serves_every_address(start):
    """The image `redis` runs its flags as `redis-server`, as an ordinary user, for clients from other machines too."""
    from testcontainers.community.redis import RedisContainer

    container = start(RedisContainer(images.image_for("redis")).with_command("--maxmemory 5mb"), 6379)

    with container.get_client() as redis:
        assert redis.config_get("maxmemory") == {"maxmemory": str(5 * 1024**2)}
    assert user_of_first_process(container) == "redis"
    assert stops(container) == 0


def test_redis_runs_other_commands_as_they_are(start):
    """The image `redis` runs a command that is not the server's as it stands."""
    from testcontainers.core.container import DockerContainer

    container = start(DockerContainer(images.image_for("redis")).with_command("redis-cli --version"), 6379)

    assert container.wait() == 0
    assert container.get_logs()[0].startswith(b"redis-cli ")


@ARGUMENTS
def test_postgres_makes_the_user_the_password_and_the_database_of_its_environment(start, arguments, collation):
    """The image `postgres` makes the user and the database that its variables name, odd characters included."""
    import psycopg

    settings = {"username": "o-neil", "password": "a\"b'c", "dbname": "shop-1"}
    container = start(postgres_container(**settings).with_env("POSTGRES_INITDB_ARGS", arguments), 5432)
    place = {"host": processes.HOST, "port": container.get_exposed_port(5432), "user": "o-neil", "dbname": "shop-1"}

    with psycopg.connect(**place, password="a\"b'c") as connection:
        assert connection.execute("SELECT current_user, current_database()").fetchone() == ("o-neil", "shop-1")
        assert connection.execute("SELECT datcollate FROM pg_database").fetchall() == [(collation,)] * 4
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**place, password="wrong")


@ARGUMENTS
def test_postgres_runs_the_scripts_of_initdb_d_once_and_takes_bare_flags(start, eventually, arguments, collation):
    """The image `postgres` runs the scripts of /docker-entrypoint-initdb.d at its first start only, then serves."""
    import psycopg

    container = postgres_container(username="ann", dbname="shop").with_env("POSTGRES_INITDB_ARGS", arguments)
    container.with_copy_into_container(b"CREATE TABLE part (name text);", "/docker-entrypoint-initdb.d/1.sql")
    shell = b'psql -U "$POSTGRES_USER" "$POSTGRES_DB" -c "INSERT INTO part VALUES (\'bolt\')"'
    container.with_copy_into_container(shell, "/docker-entrypoint-initdb.d/2.sh")
    start(container.with_command("-c max_connections=17"), 5432)
    container.get_wrapped_container().kill("SIGKILL")
    container.get_wrapped_container().start()

    def parts():
        with psycopg.connect(container.get_connection_url()) as connection:
            assert connection.execute("SHOW max_connections").fetchone() == ("17",)
            return connection.execute("SELECT name FROM part").fetchall()

    assert eventually(parts) == [("bolt",)]
    assert b"PostgreSQL init process complete; ready for start up." in container.get_logs()[0]
    assert user_of_first_process(container) == "postgres"
    assert stops(container) == 0


def test_postgres_without_a_password_refuses_to_start(start):
    """The image `postgres` does not start without a password unless it was told to trust everybody."""
    from testcontainers.core.container import DockerContainer

    container = start(DockerContainer(images.image_for("postgres")), 5432)

    assert container.wait() == 1
    assert b"superuser password is not specified" in container.get_logs()[1]


def test_mongo_makes_the_superuser_of_its_environment_and_asks_for_the_password(start):
    """The image `mongo` makes the user that its variables name, and lets nobody else in."""
    from pymongo import MongoClient
    from pymongo.errors import OperationFailure
    from testcontainers.community.mongodb import MongoDbContainer

    settings = {"username": "o-neil", "password": "a'b\"c"}
    container = start(MongoDbContainer(images.image_for("mongo"), **settings), 27017)
    place = (processes.HOST, int(container.get_exposed_port(27017)))

    with MongoClient(*place, **settings) as client:
        assert client.shop.orders.insert_one({}).acknowledged
    with MongoClient(*place) as stranger, pytest.raises(OperationFailure, match="auth"):
        stranger.shop.orders.find_one()
    assert user_of_first_process(container) == "mongodb"
    assert stops(container) == 0


def test_mongo_takes_bare_flags_and_refuses_what_it_does_not_know(start):
    """The image `mongo` runs its flags as `mongod`, which ends at an unknown one instead of overlooking it."""
    from testcontainers.core.container import DockerContainer

    container = start(DockerContainer(images.image_for("mongo")).with_command("--shardsvr"), 27017)

    assert container.wait() != 0
    assert b"--shardsvr" in container.get_logs()[1]


def test_nginx_serves_its_welcome_page(start):
    """The image `nginx` serves a page on port 80 without any configuration, and stops when it is asked to."""
    container = start(nginx_container(), 80)

    assert "Welcome to nginx" in get(container)
    assert stops(container) == 0


def test_nginx_fills_templates_from_its_environment(start):
    """The image `nginx` fills the variables of its environment into its templates, and leaves nginx's own alone."""
    template = b'server { listen 80 default_server; return 200 "$GREETING $request_method"; }'
    container = nginx_container().with_env("GREETING", "hello")
    container.with_copy_into_container(template, "/etc/nginx/templates/default.conf.template")
    start(container, 80)

    assert get(container) == "hello GET"


def test_an_image_says_which_version_of_its_product_it_holds(client):
    """Each image carries the package that it is about, with its version, and the header of a session prints it."""
    held = {name: client.images.get(images.image_for(name)).labels[images.PRODUCT] for name in images.names()}

    assert all(re.fullmatch(r"[a-z0-9.+-]+ (\d+:)?\d+\.\d+.*", product) for product in held.values()), held
    assert held["redis"] in docker.Docker("a test").describe(recipes["redis"])


def test_an_image_whose_folder_has_not_changed_is_not_built_again(client, capsys):
    """Building what exists takes no step at all."""
    before = {name: client.images.get(images.image_for(name)).id for name in images.names()}
    images.build()

    assert {name: client.images.get(images.image_for(name)).id for name in images.names()} == before
    assert "building" not in capsys.readouterr().out


def test_every_image_names_itself_and_stands_on_the_shared_base():
    """A folder is all that an image takes: its Dockerfile names it, and stands on the base that it is given."""
    assert images.names()
    for name in images.names():
        lines = (images.HERE / name / "Dockerfile").read_text().splitlines()
        assert images.image_for(name).startswith(f"sysdesign/{name}:")
        assert any(line.startswith(f"LABEL {images.PACKAGE}=") for line in lines)
        assert [line for line in lines if line.startswith(("ARG BASE", "FROM"))] == [
            f"ARG BASE={images.DEBIAN}",
            "FROM $BASE",
        ]


def test_an_image_that_cannot_be_had_is_missing_with_its_cure(client, monkeypatch):
    """An image that is neither here nor can be pulled or built is reported with what would bring it."""
    monkeypatch.setenv(docker.PULL, "never")
    monkeypatch.setattr(recipes["redis"].__class__, "image", "redis:0.0.0")
    monkeypatch.setattr(images, "HERE", images.HERE / "redis")

    with pytest.raises(ServerMissing, match=r"docker pull redis:0\.0\.0"):
        docker.Docker("a test").prepare(recipes["redis"], private=True)


def test_containers_of_dead_sessions_are_swept_and_those_of_living_ones_stay(client):
    """What a session left that died with its guard is removed by the next one; nobody else's containers are touched."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    of_the_dead = {**docker.labels(), docker.OWNER_LABEL: f"{gone.pid}:0:{socket.gethostname()}"}
    of_another_machine = {**docker.labels(), docker.OWNER_LABEL: f"{gone.pid}:0:elsewhere"}
    made = [
        client.containers.create(images.image_for("redis"), labels=labels)
        for labels in (of_the_dead, of_another_machine, docker.labels())
    ]
    try:
        docker.sweep(client)

        left = {container.id for container in client.containers.list(all=True)}
        assert [container.id in left for container in made] == [False, True, True]
    finally:
        for container in made[1:]:
            container.remove(v=True)


def test_the_root_filesystem_is_not_asked_for_where_mmdebstrap_is_missing(client, monkeypatch):
    """Where no base image can be had, the reason and the cure are told."""
    monkeypatch.setattr(images, "DEBIAN", "debian:none")
    monkeypatch.setattr(images, "ROOT_FILESYSTEM", "sysdesign/debian:none")
    monkeypatch.setattr(images, "pull", lambda _: "no route to a registry")
    monkeypatch.setattr(shutil, "which", lambda _: None)

    with pytest.raises(images.CannotBuild, match=r"no route to a registry.*apt-get install mmdebstrap"):
        images._debian(client)

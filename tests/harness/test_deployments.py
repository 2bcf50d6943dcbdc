"""Deployments: a shop of three services runs as processes or in containers, and nothing of it outlives its session."""

import contextlib
import json
import socket

import psycopg
import pytest

from fixtures import deployments
from fixtures.deployments import engine_names
from sysdesign.distributed.microservices import NAMES, connect

ENDS_WITHIN_SECONDS = 30

RUNNING = """\
    import json, os, pathlib, signal
    from fixtures import deployments, processes
    from sysdesign.distributed.microservices import NAMES

    def test_it_runs(servers, redis_server, postgres_server):
        if os.environ["ENGINE"] == "processes":
            shop = deployments.in_processes(NAMES, redis_server, postgres_server)
        else:
            shop = deployments.in_containers(NAMES, servers)
        with shop as running:
            facts = {"ports": [one.port for one in running.services.values()], "session": processes.SESSION}
            folder = pathlib.Path(os.environ["FOLDER"])
            (folder / "writing").write_text(json.dumps(facts))
            (folder / "writing").rename(folder / "facts")
            signal.pause()
"""


def pytest_generate_tests(metafunc):
    """Try what the shop runs as in this session."""
    if "deployed_as" in metafunc.fixturenames:
        metafunc.parametrize("deployed_as", engine_names(metafunc.config))


def listens(port):
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def containers_of(session):
    """Return the containers that bear the mark of a session."""
    from fixtures.servers import docker

    with contextlib.closing(docker.connect()) as client:
        return client.containers.list(all=True, filters={"label": f"{docker.SESSION_LABEL}={session}"})


def test_a_shop_does_not_outlive_a_killed_session(sessions, provider, deployed_as, eventually):
    """When pytest is killed in the middle of a test, all services go, and every container that compose has started."""
    begun = sessions.begin(RUNNING, f"--servers={provider}", "--require-servers", environment={"ENGINE": deployed_as})
    eventually(lambda: (begun.folder / "facts").exists() or begun.process.poll() is not None, within=60)
    assert (begun.folder / "facts").exists(), begun.end().output
    facts = json.loads((begun.folder / "facts").read_text())
    assert [listens(port) for port in facts["ports"]] == [True] * len(NAMES)

    begun.process.kill()

    eventually(lambda: not any(listens(port) for port in facts["ports"]), within=ENDS_WITHIN_SECONDS)
    if deployed_as == "containers":
        eventually(lambda: containers_of(facts["session"]) == [], within=ENDS_WITHIN_SECONDS)


def test_a_shop_of_processes_leaves_no_role_no_database_and_no_key(redis_server, postgres_server):
    """When the block ends, the session's shared servers are as they were."""
    with deployments.in_processes(NAMES, redis_server, postgres_server) as shop:
        names = [url.rpartition("/")[2] for url in shop.databases.values()]
        namespace = shop.namespace

    with psycopg.connect(postgres_server.url) as connection:
        for table, column in (("pg_roles", "rolname"), ("pg_database", "datname")):
            found = connection.execute(f"SELECT count(*) FROM {table} WHERE {column} = ANY(%s)", [names]).fetchone()
            assert found == (0,)
    with contextlib.closing(connect(redis_server.url)) as client:
        assert client.keys(f"{namespace}:*") == []


def test_a_service_that_ends_at_its_start_shows_its_log():
    """Nobody waits for a container that has ended: its log is told."""

    class Ended:
        name, status = "shop_users_1", "exited"

        def reload(self):
            """Tell the same again."""

        def logs(self):
            return b"no such module"

    with pytest.raises(RuntimeError, match="no such module"):
        deployments.Container(Ended(), 1).wait_until_ready()

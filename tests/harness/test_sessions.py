"""How a session begins and ends: what it prints, what it does without its servers, and that nothing outlives it, whatever ends it."""

from __future__ import annotations

import json
import re
import resource
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psutil
import pytest

if TYPE_CHECKING:
    from conftest import Begun, Sessions

FEW_FILES = 256
INTERRUPTED = 2  # pytest's exit code
ENDS_WITHIN_SECONDS = 30
CREATOR = 4  # the column of the process that made a segment

BUSY = """\
    import json, os, pathlib, signal
    from fixtures import processes

    def greet():
        async def application(scope, receive, send):
            pass
        return application

    def test_everything_runs(redis, postgres, redis_server, postgres_server, make_nginx, make_redis, make_postgres, app, link):
        nginx = make_nginx(http="server { listen {listen}; location / { return 204; } }")
        paused = make_redis()
        paused.pause()
        primary = make_postgres()
        made = [redis_server, postgres_server, nginx, paused, primary, make_postgres(standby_of=primary)]
        path = os.pathsep.join(map(str, (processes.ROOT, processes.ROOT / "src", os.environ["FOLDER"])))
        served = app("test_it:greet", workers=2, environment={"PYTHONPATH": path})
        wire = link(primary)
        facts = {
            "ports": [one.port for one in (*made, served, wire)],
            "directories": [str(one.directory) for one in (*made, served)],
            "session": processes.SESSION,
        }
        folder = pathlib.Path(os.environ["FOLDER"])
        (folder / "writing").write_text(json.dumps(facts))
        (folder / "writing").rename(folder / "facts")
        signal.pause()
"""

STUCK = """\
    import os, pathlib
    from fixtures.servers.providers import recipes

    def silence(url, seconds):
        folder = pathlib.Path(os.environ["FOLDER"])
        (folder / "writing").write_text(url)
        (folder / "writing").rename(folder / "url")
        raise ConnectionError("not ready, and never will be")

    recipes["redis"].greet = silence

    def test_with_a_private_server(make_redis):
        make_redis()

    def test_with_the_shared_server(redis):
        pass
"""

SERVERS_OF_EACH_KIND = """\
    def test_redis(redis):
        \"\"\"It speaks to Redis.\"\"\"
        assert redis.set("left", "here")

    def test_postgres(postgres):
        \"\"\"It speaks to PostgreSQL.\"\"\"
        postgres.execute("CREATE TABLE left_here (id int)")

    def test_nginx(make_nginx):
        \"\"\"It speaks to nginx.\"\"\"
        make_nginx(http="")

    def test_without():
        \"\"\"It needs nobody.\"\"\"
"""


def begin_busy(sessions: Sessions, provider: str) -> Begun:
    return sessions.begin(BUSY, f"--servers={provider}", "--require-servers")


@pytest.fixture(scope="module")
def busy(sessions, provider):
    """Three sessions with servers of all kinds, an application and a link, each in the middle of a test."""
    return {number: begin_busy(sessions, provider) for number in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM)}


def is_gone(facts: dict, processes: list[psutil.Process]) -> bool:
    """Whether none of the processes, directories, listeners and segments of shared memory of a session is left."""
    running = [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    directories = [one for one in facts["directories"] if Path(one).exists()]
    listening = [port for port in facts["ports"] if _listens(port)]
    shared = [line for line in segments() if int(line.split()[CREATOR]) in {one.pid for one in processes}]
    assert (running, directories, listening, shared) == ([], [], [], [])
    return True


def segments() -> list[str]:
    """Return what Linux knows about each segment of System V's shared memory."""
    known = Path("/proc/sysvipc/shm")
    return known.read_text().splitlines()[1:] if known.exists() else []


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


MANY = """\
    import os, resource

    def test_many_files_are_open_at_once():
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        pipes = [os.pipe() for _ in range(1_000 if most == resource.RLIM_INFINITY else min(most, 4_000) // 4)]
        for end in sum(pipes, ()):
            os.close(end)
"""


def test_a_session_may_have_many_files_open_where_the_system_lets_it(sessions):
    """Where a process begins with few, as on most systems, a session takes as many as it may, for servers of thousands."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, hard))
    try:
        begun = sessions.begin(MANY)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert begun.end().verdicts() == {"test_many_files_are_open_at_once": "held"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_nothing_outlives_a_session(busy, number, eventually):
    """However a session ends in the middle of a test, no process, directory, shared memory and port in use is left of it."""
    session = busy[number]
    written = session.folder / "facts"
    eventually(lambda: written.exists() or session.process.poll() is not None, within=60)
    assert written.exists(), session.end().output
    facts = json.loads(written.read_text())
    processes = psutil.Process(session.process.pid).children(recursive=True)
    assert len(facts["ports"]) == len([port for port in facts["ports"] if _listens(port)])

    session.process.send_signal(number)
    outcome = session.end()

    eventually(lambda: is_gone(facts, processes), within=ENDS_WITHIN_SECONDS)
    assert outcome.exit_code == (INTERRUPTED if number == signal.SIGINT else -number)
    assert outcome.errors == ""


@pytest.mark.parametrize("which", ["private", "shared"])
def test_an_interrupt_while_a_server_starts_is_obeyed(sessions, provider, which, eventually):
    """Ctrl-C while a server starts that never answers ends the session soon, and the server with it."""
    session = sessions.begin(STUCK, f"--servers={provider}", "-k", which)
    eventually((session.folder / "url").exists, within=60)
    processes = psutil.Process(session.process.pid).children(recursive=True)

    session.process.send_signal(signal.SIGINT)

    assert session.process.wait(ENDS_WITHIN_SECONDS) == INTERRUPTED
    port = urlsplit((session.folder / "url").read_text()).port
    eventually(lambda: is_gone({"ports": [port], "directories": []}, processes), within=ENDS_WITHIN_SECONDS)
    outcome = session.end()
    assert [row["verdict"] for row in outcome.run["tests"]] == ["not reached"]
    assert outcome.errors == ""


@pytest.fixture(scope="module")
def without(sessions):
    """The same tests where no server can be had, once as they come and once with servers required."""
    lenient = sessions.begin(SERVERS_OF_EACH_KIND, "--servers=external")
    strict = sessions.begin(SERVERS_OF_EACH_KIND, "--servers=external", "--require-servers")
    return {"lenient": lenient.end(), "strict": strict.end()}


def test_a_missing_server_is_said_with_its_cure(without):
    """A test whose server is missing is not observed, and the summary says what would cure it."""
    outcome = without["lenient"]
    assert outcome.exit_code == 0
    assert outcome.verdicts() == {
        "test_redis": "not observed",
        "test_postgres": "not observed",
        "test_nginx": "not observed",
        "test_without": "held",
    }
    assert "1 held · 3 not observed" in outcome.output
    assert "not observed: redis is missing: set SYSDESIGN_REDIS_URL, or run with --servers=embedded" in outcome.output
    assert "not observed: a private nginx is missing: run with --servers=embedded or --servers=docker" in outcome.output
    assert outcome.row("test_postgres")["reason"].startswith("postgres is missing: set SYSDESIGN_POSTGRES_URL")


def test_a_missing_server_fails_where_servers_are_required(without):
    """With --require-servers nothing is green for what was not observed: neither the exit code nor the summary."""
    outcome = without["strict"]
    assert outcome.exit_code == 1
    assert "not observed" not in outcome.verdicts().values()
    assert outcome.verdicts()["test_redis"] == "not reached"
    assert outcome.row("test_redis")["failure"]["type"] == "ServerMissing"
    assert "1 held · 3 not reached" in outcome.output
    assert "set SYSDESIGN_POSTGRES_URL" in outcome.output


def test_external_servers_are_used_and_left_as_they_were(sessions, make_redis, make_postgres):
    """With --servers=external the tests work on the user's own servers, in a database of their own, and leave nothing there."""
    own_redis, own_postgres = make_redis(), make_postgres()
    urls = {"SYSDESIGN_REDIS_URL": own_redis.url.replace("/0", "/7"), "SYSDESIGN_POSTGRES_URL": own_postgres.url}
    outcome = sessions(SERVERS_OF_EACH_KIND, "--servers=external", "-k", "not nginx", "--seed=5", environment=urls)

    assert set(outcome.verdicts().values()) == {"held"}, outcome.output
    assert outcome.run["provider"] == {"name": "external", "why": "--servers=external"}
    assert {row["product"] for row in outcome.run["servers"]} == {own_redis.product, own_postgres.product}
    assert own_postgres.url.split(":")[2].split("@")[0] not in outcome.output
    with own_redis.client() as client:
        assert client.info("keyspace") == {}
    with own_postgres.client() as connection:
        assert connection.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'sysdesign%'").fetchone() == (0,)


def test_a_database_that_is_in_use_is_not_emptied(sessions, make_redis):
    """An external Redis database that holds anything is refused and stays as it is."""
    own = make_redis()
    with own.client() as client:
        client.set("precious", "yes")
        outcome = sessions(
            SERVERS_OF_EACH_KIND, "--servers=external", "-k", "redis", environment={"SYSDESIGN_REDIS_URL": own.url}
        )
        assert outcome.exit_code == 1
        assert "names a database that is not empty" in outcome.output
        assert client.get("precious") == b"yes"


def test_the_header_says_what_another_run_needs_to_repeat_this_one(sessions, provider):
    """The header prints the seed, the profile, the provider, and each product with its version and origin."""
    source = """\
        import pytest

        @pytest.fixture
        def nothing():
            pytest.skip("the header is all that is asked for")

        def test_it(nothing, make_redis, make_postgres, make_nginx):
            pass
    """
    outcome = sessions(source, f"--servers={provider}", "--seed=77", "--profile=thorough")
    assert "sysdesign: --seed=77 --profile=thorough" in outcome.output
    assert f"servers: {provider} (--servers={provider})" in outcome.output
    for name in ("nginx", "postgres", "redis"):
        assert re.search(rf"^  {name}: .*\d+\.\d+", outcome.output, re.MULTILINE)
    assert outcome.errors == ""


def test_collecting_chooses_no_server_and_writes_no_run(sessions):
    """With --collect-only no provider is looked for, and the last run's verdicts stay as they are."""
    outcome = sessions(SERVERS_OF_EACH_KIND, "--collect-only")
    assert "servers:" not in outcome.output
    assert outcome.run == {}


def test_chance_depends_on_the_seed_and_on_the_name_alone(sessions):
    """The same seed gives the same test the same chance, whatever else is selected; another test has another."""
    source = """\
        def test_one(chance, observe):
            observe("drawn", chance.random())

        def test_other(chance, observe):
            observe("drawn", chance.random())
    """
    begun = [
        sessions.begin(source, f"--seed={seed}", "-k", which)
        for seed, which in ((1, "test"), (1, "other"), (2, "other"))
    ]
    both, alone, reseeded = (one.end() for one in begun)
    drawn = [one.row("test_other")["observations"] for one in (both, alone, reseeded)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert both.row("test_one")["observations"] != drawn[0]


def test_a_process_forked_by_a_test_does_not_keep_the_guard_waiting(sessions, provider, eventually):
    """Servers are gone as soon as pytest is, even while a process that a test has forked lives on."""
    source = """\
        import json, os, pathlib, signal

        def test_it(make_redis):
            server = make_redis()
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                signal.pause()
            folder = pathlib.Path(os.environ["FOLDER"])
            facts = {"ports": [server.port], "directories": [str(server.directory)], "child": child}
            (folder / "writing").write_text(json.dumps(facts))
            (folder / "writing").rename(folder / "facts")
            signal.pause()
    """
    session = sessions.begin(source, f"--servers={provider}")
    eventually((session.folder / "facts").exists, within=60)
    facts = json.loads((session.folder / "facts").read_text())
    child = psutil.Process(facts["child"])

    session.process.kill()

    eventually(lambda: is_gone(facts, []), within=ENDS_WITHIN_SECONDS)
    assert child.is_running()
    child.kill()

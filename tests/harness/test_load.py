"""Load: Locust as processes of their own, whose users' answers a test sees while they come."""

from __future__ import annotations

import textwrap

import httpx2
import pytest

from fixtures.load import Answer, Statistics
from fixtures.processes import ROOT

WITHIN_SECONDS = 20.0
LOCUSTFILE = """\
    import os
    from locust import FastHttpUser, constant, task

    class Reader(FastHttpUser):
        wait_time = constant(0.01)

        @task
        def read(self):
            self.client.get(os.environ.get("READS", "/good"))

    class Clumsy(FastHttpUser):
        @task
        def stumble(self):
            raise LookupError("nothing to read")
"""
SERVER = """\
    import os, threading

    class Counting:
        def __init__(self):
            self.lock, self.count = threading.Lock(), 0

        def __call__(self, environ, start_response):
            path = environ["PATH_INFO"]
            with self.lock:
                self.count += path != "/count"
                count = self.count
            start_response("404 Not Found" if path == "/bad" else "200 OK", [("Content-Type", "text/plain")])
            return [str(count).encode()]
"""


@pytest.fixture
def server(app, tmp_path):
    """An application that counts what it is asked."""
    (tmp_path / "counting.py").write_text(textwrap.dedent(SERVER), encoding="utf-8")
    return app("counting:Counting", environment={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}:{tmp_path}"})


@pytest.fixture
def locustfile(tmp_path):
    """A locustfile of somebody who reads, and of somebody who fails to."""
    path = tmp_path / "readers.py"
    path.write_text(textwrap.dedent(LOCUSTFILE), encoding="utf-8")
    return path


def counted(server):
    return int(httpx2.get(f"{server.url}/count").text)


def test_it_sees_each_request_that_the_server_counts(load, locustfile, server):
    """The statistics hold exactly as many requests as the server has answered, each with its time."""
    saw = load(locustfile, server.url, users=3, seconds=WITHIN_SECONDS, requests=50, user_class="Reader")

    assert saw.requests == counted(server) >= 50
    assert saw.failures == 0
    assert saw.seconds < WITHIN_SECONDS
    assert {(answer.name, answer.status) for answer in saw.answers} == {("/good", 200)}
    assert 0 < saw.percentile(50) <= saw.percentile(95) <= saw.percentile(100) < WITHIN_SECONDS


def test_what_fails_is_counted_with_its_reason(load, locustfile, server):
    """Refusals by status and connections that nobody accepts are failures, and say why."""
    elsewhere = {"users": 2, "requests": 10, "seconds": WITHIN_SECONDS, "user_class": "Reader"}
    refused = load(locustfile, server.url, environment={"READS": "/bad"}, **elsewhere)
    server.kill()
    nobody = load(locustfile, server.url, **elsewhere)

    assert refused.failures == refused.requests >= 10
    assert {answer.status for answer in refused.answers} == {404}
    assert nobody.failures == nobody.requests >= 10
    assert {answer.status for answer in nobody.answers} == {0}
    assert "refused" in nobody.errors[0]


def test_a_test_acts_while_it_runs_and_looks_at_any_stretch(load, locustfile, server, eventually):
    """A load that was begun goes on until it is stopped; its users become more, and each stretch has its own figures."""
    running = load.begin(locustfile, server.url, users=1, user_class="Reader")
    few = running.measure(0.5)
    running.become(users=4)
    many = running.measure(0.5)
    saw = running.stop()

    assert 0 < few.requests < many.requests
    assert few.requests + many.requests <= saw.requests == counted(server)
    assert [answer.ended for answer in saw.answers] == sorted(answer.ended for answer in saw.answers)
    assert not any(one.alive for one in running.processes)


def test_a_master_spreads_the_users_over_two_workers(load, locustfile, server):
    """With two workers each sends about half of the requests, and the master's total is what the server has counted."""
    running = load.begin(locustfile, server.url, users=4, workers=2, user_class="Reader")
    running.measure(0.5)
    saw = running.stop()
    shares = [path.read_text(encoding="utf-8").count("\n") for path in running.directory.glob("*.answers")]

    assert saw.requests == counted(server) == sum(shares)
    assert sorted(shares)[-2] > saw.requests / 4


def test_a_locust_that_cannot_start_shows_its_log(load, locustfile, tmp_path):
    """A locustfile that fails, users that do not exist, and an installation without Locust raise at once, with the log."""
    (tmp_path / "broken.py").write_text("raise LookupError('no such users')", encoding="utf-8")
    with pytest.raises(RuntimeError, match="no such users"):
        load(tmp_path / "broken.py", "http://127.0.0.1:1", users=1, seconds=1)
    with pytest.raises(RuntimeError, match="Unknown User"):
        load(locustfile, "http://127.0.0.1:1", users=1, seconds=1, user_class="Nobody")
    (tmp_path / "locust.py").write_text("raise ModuleNotFoundError('No module named locust')", encoding="utf-8")
    with pytest.raises(RuntimeError, match="No module named locust"):
        load(locustfile, "http://127.0.0.1:1", users=1, seconds=1, environment={"PYTHONPATH": str(tmp_path)})


def test_a_locust_that_dies_or_stumbles_later_shows_its_log(load, locustfile, server):
    """A Locust that is killed under way, and a task that fails by itself, raise instead of giving half of the truth."""
    killed = load.begin(locustfile, server.url, users=1, user_class="Reader")
    killed.leader.kill()
    with pytest.raises(RuntimeError, match="Locust has died"):
        killed.stop()
    with pytest.raises(RuntimeError, match="LookupError: nothing to read"):
        load(locustfile, server.url, users=1, seconds=WITHIN_SECONDS, user_class="Clumsy")


def test_nothing_of_it_is_left_when_the_test_ends(servers, sessions, locustfile):
    """A load that a test leaves running, with its workers and its directory, is gone with the test."""
    outcome = sessions(
        """\
        import os, pathlib, psutil
        note = pathlib.Path(os.environ["FOLDER"]) / "note"

        def test_one(load):
            running = load.begin(os.environ["LOCUSTFILE"], "http://127.0.0.1:1", users=2, workers=2, user_class="Reader")
            note.write_text("\\n".join([str(running.directory), *(str(one.pid) for one in running.processes)]))

        def test_next():
            directory, *pids = note.read_text().splitlines()
            assert len(pids) == 3
            assert not pathlib.Path(directory).exists()
            assert not any(psutil.pid_exists(int(pid)) for pid in pids)
        """,
        environment={"LOCUSTFILE": str(locustfile)},
    )
    assert outcome.verdicts() == {"test_one": "held", "test_next": "held"}, outcome.output
    assert outcome.errors == ""


def test_statistics_are_those_of_their_stretch():
    """Rates are per second of the stretch, a percentile is one of the times seen, and answers can be chosen."""
    answers = tuple(Answer("/", n, n / 10, 200, "" if n < 4 else "refused") for n in range(1, 6))
    saw = Statistics(answers, seconds=2.0)

    assert (saw.requests, saw.failures, saw.errors) == (5, 2, ("refused",))
    assert (saw.requests_per_second, saw.successes_per_second) == (2.5, 1.5)
    assert saw.mean_seconds == pytest.approx(0.3)
    assert [saw.percentile(percent) for percent in (0, 20, 50, 95, 100)] == [0.1, 0.1, 0.3, 0.5, 0.5]
    assert saw.where(lambda answer: answer.failed).requests == 2
    assert str(Statistics((), 1.0).mean_seconds) == str(Statistics((), 1.0).percentile(50)) == "nan"

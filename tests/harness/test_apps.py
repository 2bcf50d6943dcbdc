"""Applications and programs of ours as real processes: served, shared among workers, killed and started again."""

from __future__ import annotations

import json
import os
import socket
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import psutil
import pytest

from fixtures.processes import ROOT

APPLICATIONS = """\
    import json, os, socket, sys, threading

    def asgi(**arguments):
        async def application(scope, receive, send):
            if scope["type"] == "lifespan":
                return
            body = json.dumps({"pid": os.getpid(), "arguments": arguments, "mood": os.environ.get("MOOD")}).encode()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
            await send({"type": "http.response.body", "body": body})
        return application

    class Wsgi:
        def __init__(self, arguments):
            self.arguments = arguments

        def __call__(self, environ, start_response):
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"pid": os.getpid(), "arguments": self.arguments, "mood": os.environ.get("MOOD")}).encode()]

    def wsgi(**arguments):
        return Wsgi(arguments)

    def starlette(greeting="hello"):
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        def read(request):
            return JSONResponse({"greeting": greeting})

        return Starlette(routes=[Route("/", read)])

    def slow(begun):
        async def application(scope, receive, send):
            import asyncio
            if scope["type"] == "lifespan":
                return
            with open(begun, "a") as note:
                note.write(f"{os.getpid()}\\n")
            await asyncio.sleep(0.5)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"done"})
        return application

    def broken():
        print("about to fail")
        raise LookupError("no such thing")

    def main():
        with socket.create_server(("127.0.0.1", int(sys.argv[-1]))) as listener:
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.sendall(" ".join(sys.argv[1:]).encode())
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment in which child processes find the module `served` with the applications above."""
    folder = tmp_path_factory.mktemp("applications")
    (folder / "served.py").write_text(textwrap.dedent(APPLICATIONS), encoding="utf-8")
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src"), str(folder)])}


@pytest.fixture
def serve(app, environment):
    """A factory of the applications above, by name."""
    return lambda name, **more: app(f"served:{name}", environment={**environment, "MOOD": "good"}, **more)


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_it_is_served_by_a_process_of_its_own(serve, kind):
    """An application is served from another process, with the arguments and the environment that the test gave."""
    served = serve(kind, size=3, mode="it")
    answer = httpx2.get(served.url).json()
    assert answer["pid"] == served.process.pid != os.getpid()
    assert answer["arguments"] == {"size": 3, "mode": "it"}
    assert answer["mood"] == "good"


def test_a_starlette_application_is_served(serve):
    """An application of the framework that the implementations use is told from WSGI and served."""
    assert httpx2.get(serve("starlette", greeting="hi").url).json() == {"greeting": "hi"}


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_workers_share_one_port(serve, kind, eventually):
    """Three workers answer on the same port, each in a process of its own."""
    served = serve(kind, workers=3)
    pids = set()

    def all_have_answered():
        with ThreadPoolExecutor(8) as clients:
            pids.update(answer.json()["pid"] for answer in clients.map(httpx2.get, [served.url] * 24))
        return len(pids) == 3

    eventually(all_have_answered, within=30)
    assert served.process.pid not in pids


@pytest.mark.parametrize("kind", ["asgi", "wsgi"])
def test_killed_with_all_its_workers_it_comes_back_on_the_same_port(serve, kind, eventually):
    """A kill ends every worker at once, and a start serves on the same address again."""
    served = serve(kind, workers=2)
    url = served.url
    httpx2.get(url)

    served.kill()

    assert not served.alive
    assert served.process.exit_code == -9
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
    served.start()
    assert served.url == url
    assert httpx2.get(url).status_code == 200


def test_paused_it_accepts_and_does_not_answer(serve):
    """A paused application leaves its client to its own timeout, and answers once it is resumed."""
    served = serve("asgi", workers=2)
    served.pause()
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.get(served.url, timeout=0.2)
    served.resume()
    assert httpx2.get(served.url).status_code == 200


def test_asked_to_end_every_worker_finishes_its_requests(serve, tmp_path, eventually):
    """A stop lets the requests under way finish, in whichever worker they are."""
    begun = tmp_path / "begun"
    served = serve("slow", workers=2, begun=str(begun))
    with ThreadPoolExecutor(8) as clients:
        under_way = [clients.submit(httpx2.get, served.url, timeout=10) for _ in range(8)]
        eventually(lambda: begun.exists() and begun.read_text().count("\n") == 8)
        served.stop()
        assert [one.result().text for one in under_way] == ["done"] * 8
    assert not served.alive


def test_a_factory_that_fails_shows_its_log(serve):
    """An application that cannot be built raises at once, with what it printed and its traceback."""
    for workers in (1, 2):
        with pytest.raises(RuntimeError, match="does not listen") as failure:
            serve("broken", workers=workers)
        assert "about to fail" in str(failure.value)
        assert "LookupError: no such thing" in str(failure.value)


def test_it_need_not_start_at_once(serve):
    """With `start=False` there is an address already, and nobody behind it until the test says so."""
    served = serve("asgi", start=False)
    assert not served.alive
    assert served.process.exit_code is None
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(served.url)
    served.start()
    assert httpx2.get(served.url).status_code == 200


def test_it_is_gone_with_its_directory_when_the_test_ends(servers, sessions):
    """An application that a test leaves running is ended with the test."""
    outcome = sessions("""\
        import json, os, pathlib
        note = pathlib.Path(os.environ["FOLDER"]) / "note"

        def idle():
            async def application(scope, receive, send):
                pass
            return application

        def test_one(app):
            served = app("test_it:idle", environment={"PYTHONPATH": f"src:.:{note.parent}:{os.getcwd()}:{os.getcwd()}/src"})
            note.write_text(json.dumps([str(served.directory), served.process.pid]))

        def test_next():
            directory, pid = json.loads(note.read_text())
            assert not pathlib.Path(directory).exists()
            assert not pathlib.Path("/proc").exists() or not pathlib.Path(f"/proc/{pid}").exists()
    """)
    assert outcome.verdicts() == {"test_one": "held", "test_next": "held"}, outcome.output
    assert outcome.errors == ""


def said_by(program):
    """What a program says to whoever connects: its arguments."""
    with socket.create_connection((program.host, program.port), 5) as connection:
        return connection.recv(1000).decode()


def test_a_program_gets_its_arguments_and_its_port(program, environment):
    """A program runs `main` of its module with the test's arguments, and its port behind them."""
    started = program("served", "--role", "primary", environment=environment)
    assert said_by(started) == f"--role primary --port {started.port}"


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process imports for itself")


@linux_only
def test_programs_of_one_module_are_forked_from_one_import(program, environment):
    """Each run has its own number, arguments, environment, directory and log, and none imports the module again."""
    started = [program("served", str(number), environment={**environment, "MOOD": str(number)}) for number in range(3)]
    pids = [one.process.pid for one in started]
    parents = {psutil.Process(pid).ppid() for pid in pids}

    assert [said_by(one) for one in started] == [f"{at} --port {one.port}" for at, one in enumerate(started)]
    assert len(parents) == 1 < len(set(pids))
    assert os.getpid() not in parents
    assert [psutil.Process(pid).cwd() for pid in pids] == [str(one.directory) for one in started]
    assert [os.getsid(pid) for pid in pids] == pids


@linux_only
def test_a_forked_program_ends_and_returns_like_any_other(program, environment):
    """It tells how it ended, is killed, paused and asked to end, and starts again on its port."""
    started = program("served", environment=environment)
    first = started.process.pid
    started.kill()
    killed = started.process.exit_code, started.alive, psutil.pid_exists(first)
    started.start()
    again = said_by(started)
    started.stop()

    assert killed == (-9, False, False)
    assert again == f"--port {started.port}"
    assert started.process.exit_code == -15
    assert started.process.pid != first


@linux_only
def test_how_a_forked_program_ended_can_be_asked_while_it_is_buried(program, environment, told_while_it_dies):
    """Who asks while another thread kills it gets no error, and the nursery that is asked too late does not die of it."""
    started = program("served", environment=environment)
    for _ in range(20):
        assert told_while_it_dies(started.process) == {-9}
        started.start()


def test_a_module_that_cannot_be_imported_is_said_in_the_log(program, environment, tmp_path):
    """A program that fails at its import raises at once, with its traceback, each time."""
    (tmp_path / "cannot.py").write_text("print('importing')\nraise LookupError('not here')\n", encoding="utf-8")
    own = {"PYTHONPATH": os.pathsep.join([environment["PYTHONPATH"], str(tmp_path)])}
    for _ in range(2):
        with pytest.raises(RuntimeError, match="does not listen") as failure:
            program("cannot", environment=own)
        assert "LookupError: not here" in str(failure.value)


@linux_only
def test_a_nursery_ends_with_its_session(sessions, environment, tmp_path):
    """What programs were forked from is gone when the session is, and so is its directory."""
    outcome = sessions(
        """\
        import json, os
        from pathlib import Path
        from fixtures.apps import nurseries

        def test_one(program):
            program("served", environment={"PYTHONPATH": os.environ["SERVED"]})
            (nursery,) = nurseries._nurseries.values()
            assert nursery.process.alive
            Path(os.environ["NOTE"]).write_text(json.dumps([nursery.process.pid, str(nursery.process.directory)]))
        """,
        environment={"SERVED": environment["PYTHONPATH"], "NOTE": str(tmp_path / "note")},
    )
    assert outcome.verdicts() == {"test_one": "held"}, outcome.output
    pid, directory = json.loads((tmp_path / "note").read_text())
    assert not psutil.pid_exists(pid)
    assert not Path(directory).exists()

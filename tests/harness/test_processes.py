"""Processes: whole trees are stopped and killed, ports are nobody else's, and the guard finds what bears no mark any more."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from fixtures import processes
from fixtures.processes import HOST, PORTS, ROOT, Process, free_port, remove_directory, temporary_directory

FAMILY = """\
import os, signal
def live(name):
    os.write(1, f"{name} {os.getpid()}\\n".encode())  # one write: print may write its line in pieces, between those of another process
    while True:
        signal.pause()
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        live("grandchild")
    live("child")
live("parent")
"""

STUBBORN = """\
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""


@pytest.fixture
def directory():
    path = temporary_directory("harness")
    yield path
    remove_directory(path)


@pytest.fixture
def run(directory):
    """A factory of processes that run Python source."""
    made = []

    def make(source, **options):
        made.append(Process([sys.executable, "-c", source], directory, **options))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
def family(run, eventually):
    """A parent, its child, and a grandchild that has left their group for a session of its own."""
    parent = run(FAMILY)
    eventually(lambda: parent.log.count("\n") == 3)
    return parent, [psutil.Process(int(line.split()[1])) for line in parent.log.splitlines()]


def test_whoever_sets_tmpdir_has_chosen_where_files_lie(tmp_path):
    """What a session writes lies where TMPDIR says, also where there is room in memory."""
    make = "from fixtures.processes import temporary_directory; print(temporary_directory('here'))"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}

    told = subprocess.run(
        [sys.executable, "-c", make], cwd=ROOT, env=environment, capture_output=True, check=True, text=True
    )

    assert Path(told.stdout.strip()).parent == tmp_path
    assert list(tmp_path.iterdir()) == []  # it went with its session


def is_dead(process):
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_kill_ends_the_whole_tree(family):
    """A kill ends the process with all its descendants, those too that have left its group, before it returns."""
    parent, members = family
    parent.kill()
    assert not parent.alive
    assert parent.exit_code == -signal.SIGKILL
    assert [process for process in members if not is_dead(process)] == []


def test_a_pause_stops_the_whole_tree_and_a_resume_lets_it_go_on(family, eventually):
    """A pause stops every member of the tree, and a resume lets each go on."""
    parent, members = family
    parent.pause()
    eventually(lambda: all(process.status() == psutil.STATUS_STOPPED for process in members))
    assert parent.alive
    parent.resume()
    eventually(lambda: all(process.status() != psutil.STATUS_STOPPED for process in members))


def test_a_stop_asks_first(run, eventually):
    """A stop lets the process end by itself, and takes its own exit code."""
    source = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nprint(1, flush=True)\nsignal.pause()"
    process = run(source)
    eventually(lambda: process.log)
    process.stop()
    assert process.exit_code == 7


def test_a_stop_reaches_a_paused_process(run, eventually):
    """A paused process that is asked to end goes on to do so."""
    process = run(
        "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\nprint(1, flush=True)\nsignal.pause()"
    )
    eventually(lambda: process.log)
    process.pause()
    process.stop()
    assert process.exit_code == 7


def test_a_stop_that_is_ignored_becomes_a_kill(run, eventually, monkeypatch):
    """What does not end when it is asked is killed."""
    monkeypatch.setattr(processes, "STOP_SECONDS", 0.1)
    process = run(STUBBORN)
    eventually(lambda: process.log)
    process.stop()
    assert process.exit_code == -signal.SIGKILL


def test_a_stop_leaves_no_descendant(family):
    """When a parent has ended as it was asked, its descendants are gone too."""
    parent, members = family
    parent.stop()
    assert [process for process in members if not is_dead(process)] == []


def test_who_is_dead_is_not_killed_again(run, monkeypatch):
    """A number that may be another process's by now is sent no signal."""
    process = run(STUBBORN)
    process.kill()
    sent = []
    monkeypatch.setattr(os, "killpg", lambda *arguments: sent.append(arguments))
    process.kill()
    process.stop()
    assert sent == []


def test_how_it_ended_can_be_asked_while_it_is_buried(run, told_while_it_dies):
    """Who asks for the exit code while another thread kills the process is told that it runs or how it ended, and no error."""
    assert [told_while_it_dies(run(STUBBORN)) for _ in range(20)] == [{-signal.SIGKILL}] * 20


def test_what_ended_by_itself_is_swept_before_its_number_can_be_anothers(run, eventually):
    """A process that ends by itself leaves its number free only when its descendants are gone too."""
    parent = run("import os, signal\nif os.fork() == 0:\n    print(os.getpid(), flush=True)\n    signal.pause()\n")
    eventually(lambda: parent.log and not parent.alive)
    child = psutil.Process(int(parent.log))
    assert parent.exit_code == 0
    assert not is_dead(child)
    parent.start()
    eventually(lambda: is_dead(child))
    assert parent.alive or parent.exit_code == 0


def test_a_process_can_be_started_again(run, eventually):
    """A process that was killed can be started again, and its log goes on."""
    process = run("print('here', flush=True)\nimport signal\nsignal.pause()")
    eventually(lambda: process.log == "here\n")
    process.kill()
    process.start()
    eventually(lambda: process.log == "here\nhere\n")
    assert process.alive
    assert process.exit_code is None


def test_it_has_its_directory_and_its_environment(run, directory, eventually):
    """A process runs in its own directory, with the variables that were given on top of the session's."""
    process = run(
        "import os\nprint(os.getcwd(), os.environ['MOOD'], 'PATH' in os.environ)", environment={"MOOD": "good"}
    )
    eventually(lambda: not process.alive)
    assert process.log == f"{directory} good True\n"


def test_ports_lie_below_the_ephemeral_ones_and_are_free():
    """A port is one that a server can listen on, and that no client's connection is given by chance."""
    port = free_port()
    assert port in PORTS
    assert PORTS.stop <= 32_768
    with socket.create_server((HOST, port)) as listener:
        assert listener.getsockname() == (HOST, port)


def test_no_port_is_given_twice():
    """However many threads ask at once, each port is given to one of them."""
    with ThreadPoolExecutor(16) as askers:
        given = list(askers.map(lambda _: free_port(), range(64)))
    assert len(set(given)) == len(given)


def test_a_port_can_be_had_at_once_though_processes_begin_meanwhile(directory):
    """A process that is just beginning holds what its parent had open: never the port that is tried before it is given."""
    beginners = [Process(["true"], directory) for _ in range(100)]
    with ThreadPoolExecutor(1) as pool:
        begun = pool.map(Process.start, beginners)
        for _ in range(300):
            socket.create_server((HOST, free_port())).close()
        list(begun)
    for one in beginners:
        one.kill()


@pytest.fixture
def only(monkeypatch):
    """Makes believe that there are only these ports, and that this session has claimed none of them yet."""

    def leave(*ports):
        monkeypatch.setattr(processes, "PORTS", range(min(ports), max(ports) + 1, max(max(ports) - min(ports), 1)))
        monkeypatch.setattr(processes, "_ports", processes._Ports())

    return leave


def test_what_somebody_listens_on_is_not_given(only):
    """A port that is in use, by whomever, is passed over; where no other is left, that is an error."""
    used, free = free_port(), free_port()
    only(used, free)
    with socket.create_server((HOST, used)):
        assert free_port() == free
        with pytest.raises(OSError, match="no free port"):
            free_port()


OTHER_SESSION = """\
import sys
from fixtures import processes
if sys.argv[1:]:
    processes.PORTS = range(int(sys.argv[1]), int(sys.argv[1]) + 1)
print(processes.free_port(), flush=True)
sys.stdin.read()
"""


def begin_other_session(*arguments):
    command = [sys.executable, "-c", OTHER_SESSION, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_what_another_session_has_claimed_is_not_given_before_that_is_gone(only):
    """A port that another session was given is passed over, though nobody listens there, until that session has ended."""
    ours = free_port()
    with begin_other_session() as other:
        theirs = int(other.stdout.readline())
        only(theirs, ours)
        assert free_port() == ours
        other.communicate()
    assert free_port() == theirs


def test_a_claim_outlives_a_fork():
    """A process that a test has forked does not give up its parent's claims when it ends."""
    port = free_port()
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    with begin_other_session(port) as other:
        assert "no free port" in other.communicate()[1]


@pytest.fixture
def guard(directory):
    """A guard of a session of its own, that was told of one directory."""
    with subprocess.Popen(
        [sys.executable, "-m", "fixtures.guard", "a-session-of-its-own"], cwd=ROOT, stdin=subprocess.PIPE, text=True
    ) as process:
        process.stdin.write(f"directory {directory}\n")
        process.stdin.flush()
        yield process


def test_the_guard_finds_what_bears_no_mark_any_more(guard, directory):
    """A server that has rewritten its environment, left its group and lost its parent is found by where it is."""
    with subprocess.Popen(
        ["sleep", "600"], cwd=directory, env={}, start_new_session=True, stdin=subprocess.DEVNULL
    ) as unmarked:
        guard.communicate()
        assert unmarked.wait(10) == -signal.SIGKILL
    assert not directory.exists()


def test_the_guard_finds_what_bears_its_sessions_name(guard, tmp_path):
    """A process that was started elsewhere is found by the session's name in its environment."""
    with subprocess.Popen(
        ["sleep", "600"], cwd=tmp_path, env={"SYSDESIGN_SESSION": "a-session-of-its-own"}, start_new_session=True
    ) as marked:
        guard.communicate()
        assert marked.wait(10) == -signal.SIGKILL


def test_the_guard_leaves_others_alone(guard, directory, tmp_path):
    """Processes of other sessions, and whoever works elsewhere, live on."""
    with subprocess.Popen(
        ["sleep", "600"], cwd=tmp_path, env={"SYSDESIGN_SESSION": "another"}, start_new_session=True
    ) as other:
        guard.communicate()
        assert other.poll() is None
        other.kill()
    assert not directory.exists()


def test_the_guard_outlives_a_request_to_end(guard, directory, eventually):
    """Who ends the session's processes by SIGTERM does not end its guard."""
    eventually(lambda: signal.SIGTERM in _ignored(guard.pid))
    guard.terminate()
    guard.communicate()
    assert guard.returncode == 0
    assert not directory.exists()


def _ignored(pid):
    """Return the signals that a process ignores, where the system tells; else take its word."""
    try:
        with Path(f"/proc/{pid}/status").open(encoding="ascii") as status:
            mask = int(next(line for line in status if line.startswith("SigIgn")).split()[1], 16)
    except FileNotFoundError:
        return set(signal.Signals)
    return {number for number in signal.Signals if mask & 1 << (number - 1)}

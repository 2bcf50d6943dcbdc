"""What the tests of the harness share: pytest as a process of its own, with the repository's plug-ins, on a test file of a few lines."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.processes import ROOT, Process, tree, wait_until_dead
from fixtures.servers.providers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

WITHIN_SECONDS = 90.0
OWN_VARIABLES = "SYSDESIGN_"


@dataclass(frozen=True)
class Outcome:
    """How a session of pytest ended, and what it has said and written."""

    exit_code: int
    output: str
    errors: str
    run: dict[str, Any]

    def verdicts(self) -> dict[str, str]:
        """Return each test's verdict by its name, with the ids of its parameters."""
        return {row["id"].rpartition("::")[2]: row["verdict"] for row in self.run["tests"]}

    def row(self, name: str) -> dict[str, Any]:
        """Return what run.json holds about one test."""
        return next(row for row in self.run["tests"] if row["id"].endswith(f"::{name}"))


class Begun:
    """A session of pytest that runs: it can be interrupted and killed, and its end awaited."""

    def __init__(self, folder: Path, source: str, options: tuple[str, ...], environment: Mapping[str, str]) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "test_it.py").write_text(textwrap.dedent(source), encoding="utf-8")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(OWN_VARIABLES)}
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "conftest",
            "-p",
            "no:cacheprovider",
            "-c",
            ROOT / "pyproject.toml",
        ]
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what it puts into the background;
            signal.signal(signal.SIGINT, signal.default_int_handler)  # the session would inherit it, and obey no Ctrl-C
        with (folder / "output").open("wb") as output, (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                [*command, *options, folder / "test_it.py"],
                cwd=ROOT,
                env={**inherited, "SYSDESIGN_RUN": str(folder / "run.json"), "FOLDER": str(folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def end(self) -> Outcome:
        """Await the end of the session."""
        exit_code = self.process.wait(WITHIN_SECONDS)
        run = self.folder / "run.json"
        return Outcome(
            exit_code,
            (self.folder / "output").read_text(encoding="utf-8"),
            (self.folder / "errors").read_text(encoding="utf-8"),
            json.loads(run.read_text(encoding="utf-8")) if run.exists() else {},
        )


class Sessions:
    """`sessions(source, *options)` runs pytest on a test file of that content; `sessions.begin` does not wait for its end."""

    def __init__(self, folder: Path) -> None:
        self._folders = (folder / f"session{number}" for number in itertools.count())
        self._begun: list[Begun] = []

    def begin(self, source: str, *options: str, environment: Mapping[str, str] | None = None) -> Begun:
        """Begin a session; the test file finds its own folder in the variable FOLDER."""
        self._begun.append(Begun(next(self._folders), source, options, environment or {}))
        return self._begun[-1]

    def __call__(self, source: str, *options: str, environment: Mapping[str, str] | None = None) -> Outcome:
        """Run a session to its end."""
        return self.begin(source, *options, environment=environment).end()

    def close(self) -> None:
        """Kill what still runs, and wait for its guard to clear up after it."""
        for begun in self._begun:
            others = tree(begun.process.pid)[1:]
            begun.process.kill()
            begun.process.wait()
            wait_until_dead(others)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sessions]:
    """`sessions(source, *options)` runs pytest with the repository's plug-ins on a test file of that content."""
    made = Sessions(tmp_path_factory.mktemp("sessions"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def provider(servers: Servers) -> str:
    """Inner sessions take their servers from where this one does; nobody's own servers can be killed."""
    return servers.provider.name if servers.provider.name != "external" else "embedded"


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `pytest --collect-only` found and imported, as `collecting.py` notes it."""
    path = tmp_path_factory.mktemp("collected") / "collected.json"
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "collecting"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "tests/concepts", "tests/harness"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "harness"), "COLLECTED": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert path.exists(), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def told_while_it_dies() -> Callable[..., set[int]]:
    """Kills a process, and returns what threads are told that ask for its exit code, over and over, until there is one."""

    def kill_and_ask(process: Process, threads: int = 4) -> set[int]:
        with ThreadPoolExecutor(threads) as askers:
            asked = [
                askers.submit(lambda: next(filter(None, iter(lambda: process.exit_code, 0)))) for _ in range(threads)
            ]
            process.kill()
            return {one.result() for one in asked}

    return kill_and_ask

"""Imports: to collect one concept costs little, whatever the other twenty-nine need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from fixtures.processes import ROOT

HEAVY = ("boto3", "graphene", "locust", "moto", "pymongo", "testcontainers")
MODULES = {"one": 250, "all": 900}  # beyond those of a session that collects nothing; thirty for each of the thirty

COUNT = """\
import os, sys, json
from pathlib import Path

def pytest_unconfigure():
    Path(os.environ["COUNTED"]).write_text(json.dumps(sorted(sys.modules)))
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """The modules in memory after a collection: of nothing, of one concept and of all; and what -X importtime says of each."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "count_modules.py").write_text(COUNT)
    (folder / "test_nothing.py").write_text("def test_nothing(): pass\n")

    def begin(name, *paths):
        command = [sys.executable, "-X", "importtime", "-m", "pytest", "--collect-only", "-q", "-p", "conftest"]
        return subprocess.Popen(
            [*command, "-p", "count_modules", "-p", "no:cacheprovider", "-c", ROOT / "pyproject.toml", *paths],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(folder), "COUNTED": str(folder / name)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    sessions = {
        "nothing": begin("nothing", folder / "test_nothing.py"),
        "one": begin("one", "-k", "caching"),
        "all": begin("all", "tests/concepts"),
    }
    said = {name: session.communicate()[1] for name, session in sessions.items()}
    modules = {name: set(json.loads((folder / name).read_text())) for name in sessions}
    return modules, {name: _seconds(text) for name, text in said.items()}


def _seconds(importtime: str) -> float:
    """Return the time that all imports took, each counted for itself alone."""
    return sum(int(own) for own in re.findall(r"^import time: +(\d+) \|", importtime, re.MULTILINE)) / 1e6


@pytest.mark.parametrize("name", HEAVY)
def test_collecting_everything_imports_nothing_heavy(collected, name):
    """`pytest --collect-only` reads all tests there are, and none of them imports a heavy library."""
    assert [module for module in collected["modules"] if module.partition(".")[0] == name] == []


@pytest.mark.parametrize(("chosen", "most"), MODULES.items(), ids=MODULES)
def test_collecting_specifications_imports_few_modules(imported, chosen, most, observe):
    """One specification, and all that are written so far, bring few modules beyond those of pytest itself."""
    modules, seconds = imported
    more = modules[chosen] - modules["nothing"]
    observe("modules imported", len(more), "modules")
    observe("time of these imports, for information", round(seconds[chosen] - seconds["nothing"], 3), "s")
    assert len(more) <= most


def test_choosing_one_by_its_name_imports_no_other(imported):
    """`pytest -k caching` imports the specification of that name alone, of the thirty and of the harness."""
    modules, _ = imported
    assert {module for module in modules["one"] if module.startswith("test_")} == {"test_18_caching"}

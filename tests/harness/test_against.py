"""`--against`: another implementation takes the place of a concept's own, in this process and in those that it starts."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import replace

import pytest

import sysdesign.storage
from fixtures import substitute
from sysdesign import concepts
from sysdesign.concepts import CONCEPTS

USAGE_ERROR = 4  # pytest's exit code
LIMITER = "sysdesign.distributed.rate_limiting"

REPLACEMENT = f"""\
import implementation
from implementation import *

def create_app():
    from {LIMITER} import TokenBucket as seen_from_outside

    async def application(scope, receive, send):
        if scope["type"] == "lifespan":
            return
        said = f"mine {{seen_from_outside is TokenBucket}} {{implementation.TokenBucket is not TokenBucket}}"
        await send({{"type": "http.response.start", "status": 200, "headers": []}})
        await send({{"type": "http.response.body", "body": said.encode()}})

    return application

class TokenBucket(implementation.TokenBucket):
    \"\"\"Mine.\"\"\"

def main():
    import socket, sys
    with socket.create_server(("127.0.0.1", int(sys.argv[-1]))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(TokenBucket.__doc__.encode())
"""

SPECIFICATION = f"""\
    import socket
    import urllib.request

    import implementation
    import {LIMITER} as replaced
    from {LIMITER} import TokenBucket

    def test_here():
        assert TokenBucket.__doc__ == "Mine."
        assert replaced.__file__.endswith("practice/rate_limiting.py")

    def test_the_original_stays():
        assert "rate_limiting/__init__" in implementation.__file__
        assert implementation.TokenBucket.__doc__ != "Mine."
        assert issubclass(TokenBucket, implementation.TokenBucket)

    def test_submodules_stay():
        from {LIMITER}.token_bucket import TokenBucket as original
        assert original.__doc__ != "Mine."

    def test_in_an_application(app):
        served = app("{LIMITER}:create_app", workers=2)
        with urllib.request.urlopen(served.url) as answer:
            assert answer.read() == b"mine True True"

    def test_in_a_program(program):
        started = program("{LIMITER}")
        with socket.create_connection((started.host, started.port), 5) as connection:
            assert connection.recv(100) == b"Mine."
"""


@pytest.fixture
def practice(tmp_path):
    """A reader's own implementation, in a file that bears the concept's name."""
    path = tmp_path / "practice" / "rate_limiting.py"
    path.parent.mkdir()
    path.write_text(REPLACEMENT, encoding="utf-8")
    return path


def test_it_takes_the_place_here_and_in_child_processes(sessions, practice):
    """The file given stands in for the implementation, in the tests, in applications and in programs; the original stays at hand."""
    outcome = sessions(SPECIFICATION, "--against", str(practice))
    assert set(outcome.verdicts().values()) == {"held"}, outcome.output
    assert outcome.run["against"] == str(practice)
    assert f"against: {practice} instead of src/sysdesign/distributed/rate_limiting" in outcome.output


def test_without_it_the_implementation_is_our_own(sessions, practice):
    """Without the option our own implementation is used, even where the environment still names another."""
    source = f"""\
        from {LIMITER} import TokenBucket

        def test_it():
            assert TokenBucket.__doc__ != "Mine."
    """
    outcome = sessions(source, environment={substitute.ENVIRONMENT: str(practice)})
    assert outcome.verdicts() == {"test_it": "held"}, outcome.output
    assert outcome.run["against"] is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("practice/nowhere.py", "--against: there is no file"),
        ("practice", "--against: there is no file"),
        ("practice/mine.py", "names no concept: call the file <concept>.py, or put it into a folder of that name"),
    ],
    ids=["missing", "folder", "nameless"],
)
def test_a_mistake_is_told_clearly(sessions, practice, name, says):
    """A file that does not exist, or that names no concept, ends the session with a sentence that says so."""
    (practice.parent / "mine.py").touch()
    outcome = sessions("def test_it(): pass", "--against", str(practice.parent.parent / name))
    assert outcome.exit_code == USAGE_ERROR
    assert says in outcome.errors
    assert "Traceback" not in outcome.errors


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """An entry of the catalogue that lives for one test: a module `tiny` and a package `large` of two modules."""
    tmp_path = tmp_path / "part"
    (tmp_path / "large").mkdir(parents=True)
    (tmp_path / "tiny.py").write_text("VALUE = 'ours'\nOTHER = 'ours too'\n")
    (tmp_path / "large" / "__init__.py").write_text("from .inner import VALUE\n__all__ = ['VALUE']\n")
    (tmp_path / "large" / "inner.py").write_text("VALUE = 'ours'\n")
    entries = [replace(CONCEPTS[0], name=name, part="storage") for name in ("tiny", "large")]
    monkeypatch.setattr(concepts, "CONCEPTS", entries)
    monkeypatch.setattr(sysdesign.storage, "__path__", [str(tmp_path), *sysdesign.storage.__path__])
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.setenv(substitute.ENVIRONMENT, "")
    return tmp_path.parent


@pytest.mark.parametrize("name", ["tiny", "large"])
def test_a_module_and_a_package_can_be_replaced(tiny, name):
    """What the implementation is, one file or a package, makes no difference to the file that stands in for it."""
    path = tiny / f"{name}.py"
    path.write_text(
        "import implementation\nfrom implementation import *\nVALUE = 'mine, not ' + implementation.VALUE\n"
    )
    substitute.install(path)
    module = importlib.import_module(f"sysdesign.storage.{name}")
    assert module.VALUE == "mine, not ours"
    assert importlib.import_module("implementation").VALUE == "ours"
    assert os.environ[substitute.ENVIRONMENT] == str(path)


def test_a_name_that_is_not_overridden_is_the_originals(tiny):
    """A variant says what it does otherwise, and nothing else."""
    (tiny / "tiny.py").write_text("from implementation import *\nVALUE = 'mine'\n")
    substitute.install(tiny / "tiny.py")
    assert importlib.import_module("sysdesign.storage.tiny").OTHER == "ours too"


def test_the_concept_is_told_by_the_file_or_by_its_folder(tmp_path):
    """`practice/<name>.py` and `<name>/what_is_wrong.py` both name it; the file's own name comes first."""
    names = [
        substitute.concept_at(tmp_path / path).name
        for path in ("sharding.py", "sharding/wrong.py", "sharding/caching.py")
    ]
    assert names == ["sharding", "sharding", "caching"]
    with pytest.raises(ValueError, match="names no concept"):
        substitute.concept_at(tmp_path / "wrong.py")

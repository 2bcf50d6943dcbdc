"""The runner of broken variants: what counts as caught, and what is told when a variant is not."""

import json
import os

import pytest

from fixtures import broken_variants
from fixtures.broken_variants import (
    CAUGHT,
    NOT_OBSERVED,
    OTHERWISE,
    SURVIVED,
    control,
    judge,
    read_variant,
    run_tests,
    try_variant,
)
from sysdesign.concepts import concept

NAMED = "test_callers_that_stay_away_are_forgotten"
RIGHT = "from implementation import *\n"
WRONG = """
import implementation
from implementation import *

class TokenBucket(implementation.TokenBucket):
    def _make_room(self, now):
        pass
"""


@pytest.fixture
def options(provider):
    """The runner takes its servers from where this session does."""
    return [f"--servers={provider}"]


@pytest.fixture
def variant(tmp_path):
    """Publish a variant of rate limiting with this source."""
    folder = tmp_path / "rate_limiting"
    folder.mkdir()

    def publish(source, docstring="Forgets nobody.", caught_by=(NAMED,)):
        path = folder / "variant.py"
        path.write_text(f'"""{docstring}"""\n{source}\nCAUGHT_BY = {caught_by!r}\n')
        return read_variant(concept("rate_limiting"), path)

    return publish


def row(verdict="held", phase="call", kind="AssertionError", *, assertion=True):
    """One row of run.json."""
    failure = {"phase": phase, "type": kind, "message": "said so", "assertion": assertion}
    return {"name": NAMED, "verdict": verdict, "reason": "why", "failure": None if verdict == "held" else failure}


def test_a_wrong_implementation_is_caught_by_an_assertion(variant, options):
    """A variant that fails the named test by an assertion is caught, and what was said is kept."""
    result = try_variant(variant(WRONG), options)

    assert (result.verdict, list(result.failed)) == (CAUGHT, [NAMED])
    assert result.failed[NAMED].startswith("AssertionError")


def test_a_variant_that_is_right_survives(variant, options):
    """A variant that changes nothing is no proof, and is told as a survivor."""
    result = try_variant(variant(RIGHT), options)

    assert result.verdict == SURVIVED
    assert f"{NAMED} held although the variant is broken" in result.detail


def test_a_variant_that_cannot_be_imported_proves_nothing(variant, options):
    """An error on the way in is told with what pytest printed, and is not taken for a catch."""
    result = try_variant(variant("import no_such_module"), options)

    assert result.verdict == OTHERWISE
    assert "no_such_module" in result.detail


@pytest.mark.parametrize(
    "otherwise",
    [
        row("broken", kind="KeyError", assertion=False),
        row("broken", kind="Failed", assertion=False),  # as test_verdicts.py sees it
        row("not reached", phase="setup"),
    ],
    ids=["an accident", "a time limit", "no stage"],
)
def test_only_an_assertion_in_the_test_itself_counts(variant, otherwise):
    """Accidents, time limits and broken stages are no catch, and the text says which it was."""
    result = judge(variant(RIGHT), [otherwise], "")

    assert result.verdict == OTHERWISE
    assert NAMED in result.detail


def test_a_test_that_is_not_observed_here_proves_nothing_and_is_no_failure(variant):
    """Where what would notice is missing, that is said; where one engine is missing and the others hold, the variant survives."""
    missing = row("not observed") | {"failure": None}

    assert judge(variant(RIGHT), [missing], "").verdict == NOT_OBSERVED
    assert judge(variant(RIGHT), [row("broken"), missing], "").verdict == CAUGHT
    assert judge(variant(RIGHT), [row(), missing], "").verdict == SURVIVED


def test_one_engine_that_catches_is_enough(variant):
    """A variant may break one engine alone: the named test has caught it if it fails on one of them."""
    assert judge(variant(RIGHT), [row(), row("broken"), row()], "").verdict == CAUGHT


def test_every_named_test_must_catch(variant):
    """A variant is caught only if all the tests that it names have failed."""
    result = judge(variant(RIGHT, caught_by=(NAMED, "test_of_another_name")), [row("broken")], "no such test")

    assert result.verdict == OTHERWISE
    assert "test_of_another_name was not put to the test: no such test" in result.detail


@pytest.mark.parametrize("source", ["x = 1", '"""Says what is wrong."""', "CAUGHT_BY = ()"])
def test_a_variant_without_a_claim_is_refused(tmp_path, source):
    """A file that does not say what is wrong, or which test notices, is no variant."""
    path = tmp_path / "variant.py"
    path.write_text(source)

    with pytest.raises(ValueError, match="CAUGHT_BY"):
        read_variant(concept("rate_limiting"), path)


def test_a_run_that_hangs_is_ended_and_told(variant, options, monkeypatch):
    """A pytest that does not come to an end is killed, and the text says so."""
    monkeypatch.setattr(broken_variants, "TIMEOUT_SECONDS", 0.01)

    assert run_tests(concept("rate_limiting"), [NAMED], options) == ([], "did not end within 0.01 s")


def test_the_implementation_itself_passes_the_same_tests(options):
    """As a control, the named tests hold without a variant: else their failures would prove nothing."""
    result = control(concept("rate_limiting"), {NAMED}, options)

    assert (result.verdict, result.detail) == (CAUGHT, "")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["held", "not observed"], CAUGHT),
        (["not observed"], CAUGHT),
        ([], OTHERWISE),
        (["held", "broken"], OTHERWISE),
    ],
)
def test_a_run_of_before_serves_as_the_control(verdicts, expected):
    """What held just now need not be run again; a missing engine is no failure, but whatever is named must have been tried."""
    before = [row(verdict) | {"concept": "rate_limiting", "id": NAMED} for verdict in verdicts]

    assert control(concept("rate_limiting"), {NAMED}, ["--no-such-option"], before).verdict == expected


def test_a_run_counts_only_until_something_changes(monkeypatch, tmp_path):
    """A record that is older than a source, of another provider or of a variant is no control."""
    source, record = tmp_path / "src" / "new.py", tmp_path / "run.json"
    source.parent.mkdir()
    source.touch()
    monkeypatch.setattr(broken_variants, "ROOT", tmp_path)
    monkeypatch.setattr(broken_variants, "RUN", record)

    def rows(servers="auto", newer=1, against=None):
        told = {"name": "embedded", "why": "auto: no Docker daemon"}
        record.write_text(json.dumps({"provider": told, "against": against, "tests": [row()]}))
        os.utime(record, (0, source.stat().st_mtime + newer))
        return broken_variants.last_run(servers)

    assert rows() == rows("embedded") == [row()]
    assert [rows("docker"), rows(newer=-1), rows(against="variant.py")] == [[], [], []]

"""Verdicts: what each ending of a test is called, in the terminal, in the exit code and in reports/run.json."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter

import jsonschema
import pytest

from fixtures.processes import ROOT
from fixtures.verdicts import VERDICTS

INTERRUPTED = 2  # pytest's exit code

EVERY_ENDING = """\
    import pytest
    from fixtures.engines import engines

    @pytest.fixture(params=engines({"ours": None, "theirs": None}))
    def engine(request):
        return str(request.param)

    @pytest.fixture
    def falling_stage():
        raise LookupError("no stage")

    @pytest.fixture
    def falling_curtain():
        yield
        raise LookupError("no curtain")

    def test_stands():
        \"\"\"A claim, in one
        sentence.\"\"\"

    def test_falls():
        assert 1 + 1 == 3, "arithmetic"

    def test_fails():
        pytest.fail("so it is written")

    def test_stumbles():
        raise KeyError("accident")

    @pytest.mark.timeout(0.05)
    def test_hangs():
        while True:
            pass

    def test_without_stage(falling_stage):
        pass

    def test_without_curtain(falling_curtain):
        pass

    def test_falls_and_without_curtain(falling_curtain):
        assert False, "this first"

    def test_without_server(redis):
        pass

    def test_asks_for_a_server_late(servers):
        with servers.private("redis") as make:
            make()

    def test_left_out():
        pytest.skip("needs a full moon")

    @pytest.mark.differs({"theirs": "it rounds down"})
    def test_that_differs(engine):
        assert engine == "ours"

    @pytest.mark.differs({"theirs": "it used to round down"})
    def test_that_differs_no_more(engine):
        pass

    @pytest.mark.differs({"theirs": "it rounds down"})
    def test_that_differs_by_accident(engine):
        if engine == "theirs":
            raise ZeroDivisionError

    @pytest.mark.parametrize("size", ["small", "large"])
    def test_with_variants(engine, size):
        pass

    @pytest.mark.benchmark(group="one question")
    def test_that_measures(benchmark):
        benchmark(lambda: sum(range(10)))
"""

EXPECTED = {
    "test_stands": "held",
    "test_falls": "broken",
    "test_fails": "broken",
    "test_stumbles": "broken",
    "test_hangs": "broken",
    "test_without_stage": "not reached",
    "test_without_curtain": "not reached",
    "test_falls_and_without_curtain": "broken",
    "test_without_server": "not observed",
    "test_asks_for_a_server_late": "not observed",
    "test_left_out": "not observed",
    "test_that_differs[ours]": "held",
    "test_that_differs[theirs]": "held",
    "test_that_differs_no_more[ours]": "held",
    "test_that_differs_no_more[theirs]": "broken",
    "test_that_differs_by_accident[ours]": "held",
    "test_that_differs_by_accident[theirs]": "broken",
    "test_with_variants[ours-small]": "held",
    "test_with_variants[ours-large]": "held",
    "test_with_variants[theirs-small]": "held",
    "test_with_variants[theirs-large]": "held",
    "test_that_measures": "held",
}


@pytest.fixture(scope="module")
def ended(sessions):
    """A session with every ending that a test can have."""
    return sessions(EVERY_ENDING, "--servers=external")


def validate(run):
    """Hold a run to the published schema."""
    schema = json.loads((ROOT / "reports" / "run.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(run, schema)


def test_every_ending_has_its_verdict(ended):
    """Held, broken, not observed, not reached: each ending of a test is called by one of the four."""
    assert ended.verdicts() == EXPECTED
    assert ended.exit_code == 1


def test_a_run_fits_the_published_schema(ended):
    """What is written is what reports/run.schema.json documents."""
    validate(ended.run)


def test_a_broken_claim_tells_how(ended):
    """The row of a broken claim holds the failure's first line, its type, its phase, and whether it was an assertion."""
    assert ended.row("test_falls")["failure"]["assertion"]
    assert ended.row("test_falls")["reason"].startswith("AssertionError: arithmetic")
    assert ended.row("test_fails")["failure"] == {
        "phase": "call",
        "type": "Failed",
        "message": "so it is written",
        "assertion": True,
    }
    assert ended.row("test_stumbles")["failure"] == {
        "phase": "call",
        "type": "KeyError",
        "message": "'accident'",
        "assertion": False,
    }


def test_a_time_limit_is_no_assertion(ended):
    """A test that was ended by its time limit is broken, but not by what it claims: no variant is caught by that."""
    failure = ended.row("test_hangs")["failure"]
    assert "pytest-timeout" in failure["message"]
    assert not failure["assertion"]


def test_the_first_failure_is_the_one_that_is_told(ended):
    """A claim that fell stays broken by what it fell from, whatever fails after it."""
    assert ended.row("test_falls_and_without_curtain")["failure"]["message"].startswith("this first")
    assert ended.row("test_without_curtain")["failure"]["phase"] == "teardown"
    assert ended.row("test_without_stage")["failure"] == {
        "phase": "setup",
        "type": "LookupError",
        "message": "no stage",
        "assertion": False,
    }


def test_a_difference_is_confirmed_by_its_own_failure(ended):
    """Where an engine differs as named, the claim holds elsewhere and the reason stands beside it; nothing is skipped."""
    ours, theirs = ended.row("test_that_differs[ours]"), ended.row("test_that_differs[theirs]")
    assert (ours["engine"], ours["differs"]) == ("ours", None)
    assert (theirs["engine"], theirs["differs"], theirs["failure"]) == ("theirs", "it rounds down", None)
    assert "differs as named: test_that_differs on theirs: it rounds down" in ended.output


def test_a_difference_that_has_gone_is_broken(ended):
    """An engine that no longer differs breaks the test, so that the difference is taken back."""
    row = ended.row("test_that_differs_no_more[theirs]")
    assert "the difference has gone (“it used to round down”)" in row["reason"]
    assert row["differs"] is None
    assert "the difference has gone" in ended.output


def test_a_difference_is_not_confirmed_by_an_accident(ended):
    """Only a failed assertion is the difference that was named."""
    row = ended.row("test_that_differs_by_accident[theirs]")
    assert (row["failure"]["type"], row["differs"]) == ("ZeroDivisionError", None)


def test_what_was_not_observed_says_why(ended):
    """A test that was left out says why, in the terminal and in its row, and is never shown as passed."""
    assert ended.row("test_left_out")["reason"] == "needs a full moon"
    assert ended.row("test_without_server")["reason"].startswith("redis is missing: set SYSDESIGN_REDIS_URL")
    assert "not observed: needs a full moon" in ended.output
    counts = Counter(EXPECTED.values())
    assert " · ".join(f"{counts[each]} {each}" for each in VERDICTS) in ended.output


def test_a_row_says_what_was_claimed_and_where(ended):
    """The row of a test holds its claim, its line, its place in the reading order, its engine and its other parameters."""
    row = ended.row("test_stands")
    assert (row["claim"], row["name"], row["order"]) == ("A claim, in one sentence.", "test_stands", 1)
    assert (row["concept"], row["engine"], row["variant"]) == (None, None, "")
    assert EVERY_ENDING.splitlines()[row["line"] - 1].strip() == "def test_stands():"
    parametrised = ended.row("test_with_variants[theirs-large]")
    assert (parametrised["name"], parametrised["engine"], parametrised["variant"]) == (
        "test_with_variants",
        "theirs",
        "large",
    )
    assert [row["order"] for row in ended.run["tests"]] == list(range(1, len(EXPECTED) + 1))


def test_a_cost_is_kept_with_its_question(ended):
    """A benchmark's median and quartiles stand in its row, under the question that it answers."""
    cost = ended.row("test_that_measures")["benchmark"]
    assert (cost["group"], cost["entry"]) == ("one question", "test_that_measures")
    assert 0 < cost["low_seconds"] <= cost["median_seconds"] <= cost["high_seconds"]
    assert ended.row("test_stands")["benchmark"] is None


def test_a_run_says_on_what_it_ran(ended):
    """Machine, provider, commit, seed and selection stand beside the verdicts."""
    run = ended.run
    assert run["schema"] == 1
    assert run["provider"] == {"name": "external", "why": "--servers=external"}
    assert run["machine"]["cores"] >= 1
    assert "--servers=external" in run["selection"]
    assert run["profile"] == "quick"


def test_nothing_is_said_beside_the_report(ended):
    """A session leaves no word on standard error."""
    assert ended.errors == ""


THREE = """\
    def test_one():
        pass

    def test_two():
        {two}

    def test_three():
        pass
"""


@pytest.fixture(scope="module")
def ended_early(sessions):
    """Three sessions that end in their second test: by Ctrl-C, by --exitfirst, by a failure in the collection."""
    return {
        "interrupt": sessions.begin(THREE.format(two="raise KeyboardInterrupt")),
        "first failure": sessions.begin(THREE.format(two="assert False"), "--exitfirst"),
        "collection": sessions.begin("import nothing_of_that_name\n"),
    }


def test_an_interrupted_run_tells_what_it_never_came_to(ended_early):
    """After Ctrl-C the tests that did not end are not reached, and the run is written all the same."""
    outcome = ended_early["interrupt"].end()
    assert outcome.exit_code == INTERRUPTED
    assert outcome.verdicts() == {"test_one": "held", "test_two": "not reached", "test_three": "not reached"}
    assert "1 held · 2 not reached" in outcome.output
    validate(outcome.run)


def test_a_run_that_stops_at_its_first_failure_tells_what_it_left(ended_early):
    """With --exitfirst the tests behind the failure are not reached, rather than forgotten."""
    outcome = ended_early["first failure"].end()
    assert outcome.verdicts() == {"test_one": "held", "test_two": "broken", "test_three": "not reached"}
    validate(outcome.run)


def test_a_run_that_cannot_be_collected_is_no_run(ended_early):
    """Where the tests cannot even be read there are no verdicts, and the exit code says so."""
    outcome = ended_early["collection"].end()
    assert outcome.exit_code == INTERRUPTED
    assert outcome.run == {}


def test_the_usual_report_is_written_too(sessions, tmp_path):
    """JUnit XML counts a difference as skipped, with its reason, and never as failed."""
    source = """\
        import pytest
        from fixtures.engines import engines

        @pytest.fixture(params=engines({"theirs": None}))
        def engine(request):
            return str(request.param)

        @pytest.mark.differs({"theirs": "it rounds down"})
        def test_that_differs(engine):
            assert engine == "ours"

        def test_stands():
            pass
    """
    path = tmp_path / "junit.xml"
    assert sessions(source, f"--junitxml={path}").exit_code == 0
    suite = ET.parse(path).getroot().find("testsuite")  # noqa: S314 - written by ourselves
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "2",
        "failures": "0",
        "errors": "0",
        "skipped": "1",
    }
    assert "it rounds down" in suite.find(".//skipped").get("message")


def test_an_engine_may_have_any_name(sessions):
    """What a test's parameters say besides its engine is told apart from the engine, in whatever alphabet that is named."""
    source = """\
        import pytest
        from fixtures.engines import engines

        @pytest.mark.parametrize("size", ["small"])
        @pytest.mark.parametrize("engine", engines({"ours → theirs": None}))
        def test_it(engine, size):
            pass
        """
    (row,) = sessions(source).run["tests"]

    assert (row["engine"], row["variant"]) == ("ours → theirs", "small")

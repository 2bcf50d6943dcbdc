"""The public test suite for HTTP caches, run against our edge, nginx and Varnish: what its results mean, and a table of them.

`tox -e http-cache-tests` writes reports/http-cache-tests.json, from which the handbook's page is built.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = "reports/http-cache-tests.json"
COMMAND = "tox -e http-cache-tests"
OURS = "ours"

NOT_CLAIMED = {
    "age-parse": "its test age-parse-prefix requires the contrary of its own name: that `Age: 0,7200` is fresh, while `Age: 0, 0` is not",
    "stale": "its required tests want an answer of the origin's that has just hung up, where a cache can only tell that it has none",
    "surrogate-control": "they are about Surrogate-Control, which no RFC defines",
}
"""Groups whose tests are run and shown, and for which nothing is claimed, each with the reason."""

GOOD = frozenset({"passed", "yes"})


@dataclass(frozen=True)
class Row:
    """What one engine did in one group."""

    group: str
    claimed: bool
    counts: dict[str, dict[str, int]]
    """How many of the group's tests came to each verdict, by engine."""


def verdict(test: Mapping[str, Any], tests: Mapping[str, Mapping[str, Any]], results: Mapping[str, Any]) -> str:
    """Say what a test's result means, by the suite's own rules.

    `passed`, `failed` (required), `not optimal`, `yes` or `no` (a question, not a demand), `not reached` (the engine did not come as
    far, or a test that this one depends on did not pass), `not run`.
    """
    result = results.get(test["id"])
    if result is None:
        return "not run"
    if any(verdict(tests[other], tests, results) not in GOOD for other in test.get("depends_on", ())):
        return "not reached"
    if result is not True and result[0] == "Setup":
        return "not reached"
    kind = test.get("kind", "required")
    if kind == "check":
        return "yes" if result is True else "no"
    if result is True:
        return "passed"
    return "failed" if kind == "required" else "not optimal"


def judged(suite: Iterable[Mapping[str, Any]], results: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the groups of the suite with the verdicts of their tests by engine.

    Args:
        suite: The groups with their tests, as the suite tells them.
        results: What its client printed for each engine: true, or how the test ended, by the test's id.
    """
    groups = list(suite)
    tests = {test["id"]: test for group in groups for test in group["tests"]}
    return [
        {
            "id": group["id"],
            "name": group["name"],
            "tests": [
                {
                    "id": test["id"],
                    "name": test["name"],
                    "kind": test.get("kind", "required"),
                    "verdicts": {engine: verdict(test, tests, told) for engine, told in results.items()},
                }
                for test in group["tests"]
                if not test.get("browser_only")
            ],
        }
        for group in groups
    ]


def rows(groups: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return the table: a row for each group."""
    return [
        Row(
            group["id"],
            group["id"] not in NOT_CLAIMED,
            {
                engine: dict(Counter(test["verdicts"][engine] for test in group["tests"]))
                for engine in group["tests"][0]["verdicts"]
            },
        )
        for group in groups
    ]


def complaints(groups: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with our results in the groups claimed: a required test failed, or fewer passed than elsewhere."""
    wrong = []
    for row in rows(groups):
        mine = row.counts[OURS]
        if row.claimed and mine.get("failed"):
            wrong.append(f"{row.group}: {mine['failed']} required tests failed")
        best = max(counts.get("passed", 0) for counts in row.counts.values())
        if row.claimed and mine.get("passed", 0) < best:
            wrong.append(f"{row.group}: {mine.get('passed', 0)} passed, {best} elsewhere")
    return wrong


def read_results(root: Path) -> dict[str, Any] | None:
    """Return the results of the last run, if there was one."""
    path = root / RESULTS
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found

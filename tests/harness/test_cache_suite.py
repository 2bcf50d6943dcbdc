"""The results of the public test suite for HTTP caches: what they mean, and when they are not what is claimed."""

import pytest

from reports.cache_suite import NOT_CLAIMED, complaints, judged, rows

SUITE = [
    {
        "id": "vary",
        "name": "Vary",
        "tests": [
            {"id": "match", "name": "…", "kind": "optimal"},
            {"id": "no-match", "name": "…", "depends_on": ["match"]},
            {"id": "question", "name": "…", "kind": "check"},
            {"id": "elsewhere", "name": "…", "browser_only": True},
        ],
    }
]
FAILED, STOPPED = ["Assertion", "Response 2 comes from cache"], ["Setup", "Response 1 status is 502"]


@pytest.mark.parametrize(
    ("match", "no_match", "question", "expected"),
    [
        (True, True, True, ["passed", "passed", "yes"]),
        (True, FAILED, FAILED, ["passed", "failed", "no"]),
        (FAILED, FAILED, None, ["not optimal", "not reached", "not run"]),
        (True, STOPPED, STOPPED, ["passed", "not reached", "not reached"]),
    ],
    ids=["all well", "required fails", "dependency", "setup"],
)
def test_a_result_means_what_the_suite_says(match, no_match, question, expected):
    """Each kind of test has its own verdicts, and one that depends on another is reached only through it."""
    results = {"match": match, "no-match": no_match} | ({"question": question} if question is not None else {})
    (group,) = judged(SUITE, {"ours": results})

    assert [test["verdicts"]["ours"] for test in group["tests"]] == expected


def results_of(**engines):
    return judged(SUITE, {name: {"match": passed, "no-match": kept} for name, (passed, kept) in engines.items()})


def test_a_claim_falls_with_a_required_test_or_with_one_passed_fewer():
    """In a group that is claimed, nothing required may fail, and no other engine may pass more."""
    assert complaints(results_of(ours=(True, True), nginx=(True, FAILED))) == []
    assert complaints(results_of(ours=(True, FAILED), nginx=(True, FAILED))) == ["vary: 1 required tests failed"]
    assert complaints(results_of(ours=(FAILED, True), nginx=(True, FAILED))) == ["vary: 0 passed, 1 elsewhere"]


def test_a_group_for_which_nothing_is_claimed_is_shown_all_the_same(monkeypatch):
    """Results are shown for every group, and each one that is not claimed has its reason."""
    monkeypatch.setitem(NOT_CLAIMED, "vary", "a reason")
    groups = results_of(ours=(True, FAILED), nginx=(True, True))

    assert complaints(groups) == []
    assert [(row.claimed, row.counts["ours"]) for row in rows(groups)] == [
        (False, {"passed": 1, "failed": 1, "not run": 1})
    ]
